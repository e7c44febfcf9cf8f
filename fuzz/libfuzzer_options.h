// What libFuzzer is told where its user does not say otherwise.
#pragma once

namespace callgate::fuzz {

// For LLVMFuzzerInitialize() of a target whose inputs only our mutators write: adds options to the command line that
// keep libFuzzer's own work below that of an execution. Does nothing under another fuzzing engine, which would not know
// them.
void prefer_options(int* argc, char*** argv);

}  // namespace callgate::fuzz
