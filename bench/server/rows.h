// The rows that a whole server is measured with. Each function starts the servers and agents it
// needs in a scratch folder, prints its rows, and leaves nothing behind.
#pragma once

#include "bench/machine/arguments.h"

namespace yurt::bench {

// bulk_placement_per_s: 1,000 jobs of 1,000 allocations over 5,000 agents, from the first
// registration to the last allocation in its agent's hands. rss_mib_per_million_allocs: what the
// server then holds, all of them running. restart_million_allocs_s: kill -9, and from the new start
// to the first answer of a read that sees every acknowledged write.
void measure_million_allocations(const Arguments& arguments);

// single_jobs_per_s: jobs of one allocation, 2,000 under way at a time, over 5,000 agents; each
// from the call to the allocation in its agent's hands.
void measure_single_jobs(const Arguments& arguments);

// eval_storm_drain_s: 10,000 jobs wait for room; 1,000 agents come, and with them room for all.
// From the first agent to no evaluation left.
void measure_eval_storm(const Arguments& arguments);

// drain_1000_nodes_s: 1,000 of 5,000 nodes are drained of 100,000 running allocations of services
// that may miss a tenth of theirs at a time.
void measure_drain(const Arguments& arguments);

// batch_tasks_per_s: 10,000 × /bin/true on one real agent with raw_exec, one job.
void measure_batch_tasks(const Arguments& arguments);

// dispatch_to_exec_p50_ms, dispatch_to_exec_p99_ms: on an idle `yurt dev`, from the call that
// registers a job to its task's first instruction.
void measure_dispatch(const Arguments& arguments);

// template_rerender_1000_allocs_s: 1,000 tasks on one real agent read one variable; from the call
// that changes it until the last one's file is rendered again.
void measure_template_rerender(const Arguments& arguments);

// events_per_s_100_subscribers: what 100 subscribers of the event stream receive together while
// jobs are registered as fast as that goes.
void measure_events(const Arguments& arguments);

// dispatches_per_s: children of a parameterized job that wait in its lane, dispatched by 64 callers
// at a time. bytes_per_waiting_child: what each of 100,000 of them adds to the server's resident
// memory. waiting_100k_place_next_ms: from the end of the lane's only running child to the next one
// in its agent's hands.
void measure_waiting_children(const Arguments& arguments);

// sweep_dispatches_per_s: a sweep of 100,000 trials, from the one call to the last trial in the
// hands of one of 1,000 agents.
void measure_sweep_dispatch(const Arguments& arguments);

// sweep_10000_true_s: a sweep of 10,000 × /bin/true on one real agent, through a lane of 200;
// beside it how long reading the sweep takes meanwhile.
void measure_sweep_tasks(const Arguments& arguments);

}  // namespace yurt::bench
