#pragma once

// Nothing is to be called here: what the target has runs before the libraries of the program are initialized.
