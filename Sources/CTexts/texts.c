#include "CTexts.h"

// Files of this repository that Swage's authors have written; they are under its licence.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define TEXTS(USE)                      \
    USE(conversation_en, "conversation-en") \
    USE(conversation_zh, "conversation-zh") \
    USE(fiction_en, "fiction-en")           \
    USE(fiction_zh, "fiction-zh")           \
    USE(web_en, "web-en")                   \
    USE(web_zh, "web-zh")

static const unsigned char calibration_conversation_en[] = {
#embed "../../Fixtures/text/calib/conversation-en.txt"
};
static const unsigned char calibration_conversation_zh[] = {
#embed "../../Fixtures/text/calib/conversation-zh.txt"
};
static const unsigned char calibration_fiction_en[] = {
#embed "../../Fixtures/text/calib/fiction-en.txt"
};
static const unsigned char calibration_fiction_zh[] = {
#embed "../../Fixtures/text/calib/fiction-zh.txt"
};
static const unsigned char calibration_web_en[] = {
#embed "../../Fixtures/text/calib/web-en.txt"
};
static const unsigned char calibration_web_zh[] = {
#embed "../../Fixtures/text/calib/web-zh.txt"
};
static const unsigned char evaluation_conversation_en[] = {
#embed "../../Fixtures/text/eval/conversation-en.txt"
};
static const unsigned char evaluation_conversation_zh[] = {
#embed "../../Fixtures/text/eval/conversation-zh.txt"
};
static const unsigned char evaluation_fiction_en[] = {
#embed "../../Fixtures/text/eval/fiction-en.txt"
};
static const unsigned char evaluation_fiction_zh[] = {
#embed "../../Fixtures/text/eval/fiction-zh.txt"
};
static const unsigned char evaluation_web_en[] = {
#embed "../../Fixtures/text/eval/web-en.txt"
};
static const unsigned char evaluation_web_zh[] = {
#embed "../../Fixtures/text/eval/web-zh.txt"
};

#define CALIBRATION(symbol, name) {name, calibration_##symbol, sizeof calibration_##symbol},
#define EVALUATION(symbol, name) {name, evaluation_##symbol, sizeof evaluation_##symbol},

static const BundledText calibration[] = {TEXTS(CALIBRATION)};
static const BundledText evaluation[] = {TEXTS(EVALUATION)};

size_t calibrationTextCount(void) { return sizeof calibration / sizeof *calibration; }
BundledText calibrationText(size_t index) { return calibration[index]; }
size_t evaluationTextCount(void) { return sizeof evaluation / sizeof *evaluation; }
BundledText evaluationText(size_t index) { return evaluation[index]; }
