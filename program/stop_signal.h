// Waiting for the signal to end (SIGINT, SIGTERM).
#pragma once

namespace yurt::program {

// Blocks these signals in this thread and all it starts afterwards. Call first in main.
void block_stop_signals();
// Waits for one of them; returns its number.
int wait_for_stop_signal();

}  // namespace yurt::program
