#ifndef SWAGE_TEXTS_H
#define SWAGE_TEXTS_H

#include <stddef.h>

/// A text that the program carries with it, as UTF-8.
typedef struct {
    const char *name;
    const unsigned char *bytes;
    size_t count;
} BundledText;

/// The texts for calibration: conversation, fiction and web, in English and Chinese.
size_t calibrationTextCount(void);
BundledText calibrationText(size_t index);

/// The texts for measuring, of the same kinds, none of which calibration has seen.
size_t evaluationTextCount(void);
BundledText evaluationText(size_t index);

#endif
