// Measures a whole server: the real process, simulated agents on the real stream, jobs through the
// real gRPC API; one JSON object a line on standard output.
//
//   server_bench [--quick] [--folder FOLDER] [ROW...]
//
// rows.h says what each row is.
#include "bench/server/rows.h"

int main(int argc, char** argv) {
  using namespace yurt::bench;
  const Arguments arguments = parse_arguments(argc, argv);
  if (arguments.wants("bulk_placement_per_s") || arguments.wants("rss_mib_per_million_allocs") ||
      arguments.wants("restart_million_allocs_s")) {
    measure_million_allocations(arguments);
  }
  if (arguments.wants("single_jobs_per_s")) measure_single_jobs(arguments);
  if (arguments.wants("eval_storm_drain_s")) measure_eval_storm(arguments);
  if (arguments.wants("drain_1000_nodes_s")) measure_drain(arguments);
  if (arguments.wants("batch_tasks_per_s")) measure_batch_tasks(arguments);
  if (arguments.wants("template_rerender_1000_allocs_s")) measure_template_rerender(arguments);
  if (arguments.wants("dispatch_to_exec_p50_ms") || arguments.wants("dispatch_to_exec_p99_ms")) {
    measure_dispatch(arguments);
  }
  if (arguments.wants("events_per_s_100_subscribers")) measure_events(arguments);
  if (arguments.wants("dispatches_per_s") || arguments.wants("bytes_per_waiting_child") ||
      arguments.wants("waiting_100k_place_next_ms")) {
    measure_waiting_children(arguments);
  }
  if (arguments.wants("sweep_dispatches_per_s")) measure_sweep_dispatch(arguments);
  if (arguments.wants("sweep_10000_true_s")) measure_sweep_tasks(arguments);
  return 0;
}
