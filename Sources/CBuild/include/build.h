#pragma once

#include <stdbool.h>

/// The commit that the program was built from, in hexadecimal; empty if that is not known.
const char *buildCommit(void);

/// An extension of the processor's instructions that the numeric code has forms for.
typedef struct {
    const char *name;
    /// Whether the program was compiled to use it.
    bool isCompiled;
    /// Whether this processor and its system have it.
    bool isPresent;
} InstructionSet;

/// The number of extensions that this kind of processor can have.
int instructionSetCount(void);

/// An extension, in the order in which processors got them.
InstructionSet instructionSet(int index);
