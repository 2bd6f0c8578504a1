#include "build.h"

#define TEXT_OF(word) #word
#define TEXT(macro) TEXT_OF(macro)

const char *buildCommit(void) {
#ifdef SWAGE_COMMIT
    return TEXT(SWAGE_COMMIT);
#else
    return "";
#endif
}

#if defined(__x86_64__)

#ifdef __AVX2__
#define HAS_AVX2 true
#else
#define HAS_AVX2 false
#endif
#ifdef __FMA__
#define HAS_FMA true
#else
#define HAS_FMA false
#endif
#ifdef __F16C__
#define HAS_F16C true
#else
#define HAS_F16C false
#endif
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#define HAS_AVX512 true
#else
#define HAS_AVX512 false
#endif
#ifdef __AVX512VNNI__
#define HAS_VNNI true
#else
#define HAS_VNNI false
#endif
#ifdef __AVX512BF16__
#define HAS_BF16 true
#else
#define HAS_BF16 false
#endif

int instructionSetCount(void) { return 6; }

InstructionSet instructionSet(int index) {
    switch (index) {
    case 0: return (InstructionSet){"AVX2", HAS_AVX2, __builtin_cpu_supports("avx2")};
    case 1: return (InstructionSet){"FMA", HAS_FMA, __builtin_cpu_supports("fma")};
    case 2: return (InstructionSet){"F16C", HAS_F16C, __builtin_cpu_supports("f16c")};
    case 3:
        return (InstructionSet){
            "AVX-512", HAS_AVX512,
            __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")};
    case 4: return (InstructionSet){"AVX-512 VNNI", HAS_VNNI, __builtin_cpu_supports("avx512vnni")};
    default: return (InstructionSet){"AVX-512 BF16", HAS_BF16, __builtin_cpu_supports("avx512bf16")};
    }
}

#else

int instructionSetCount(void) { return 0; }

InstructionSet instructionSet(int index) {
    (void)index;
    return (InstructionSet){"", false, false};
}

#endif
