#pragma once
// The purge log in a NATS JetStream that all nodes share (log.h): the log for anything larger than
// one process.
//
// Stream NAME (purge.nats.stream), subjects NAME.log.>: its sequence numbers are the one total
// order. Stream NAME_RECEIPTS keeps the latest receipts, so that they survive every node; reports
// without receipts pass on NAME.alive and are stored by nobody. Both streams are made when they are
// not there.
//
// append(): at most 10,000 at once (LimitReached), each for at most 5 s; done when it is delivered
// here, or acknowledged while nobody is attached. One that fails with ResponseTimeout *may be in the
// log all the same*: whoever repeats it does so with the same record id, which the stream takes for
// the same record for two minutes. NoServerAvailable says that it never left this node.
//
// attach() waits until it is known what the log holds already, at most 3 s; when NATS is away for
// longer no record counts as replayed, which costs work and nothing else. So the node starts also
// while NATS is away, fenced. A stream that was deleted and made anew, or that lost its end, is not
// the log that this node has followed: no on_current() any more and no appends, until a restart.
//
// How durable: a record is in NATS' file storage on `replicas` servers. With one replica, nats-
// server may lose up to two minutes (its sync interval) when the machine loses power, none when the
// process is killed. With several, nats-server 2.9.10 was seen to lose or renumber acknowledged
// messages after a majority had been away at once (pull requests 4365, 6485 and 6486 of nats-server
// are about that; use a current version); what of it can be seen from here is answered with
// distrust: see nats_sender.h and nats_feed.h. A stream's leader hears of the others once a second,
// so with several replicas a max_lag below 4 s cannot be kept.
//
// Threads: one of its own for all calls of listeners and of `done`; libnats' threads only put aside
// what comes. A listener may detach itself in a call, and must not attach there.

#include <memory>
#include <string>

#include "config/options.h"
#include "config/runtime/clock.h"
#include "config/runtime/metrics.h"
#include "purge/log.h"

namespace brink::purge {

// Null, with a sentence in `message`, when the options cannot be used (a certificate that cannot be
// read); that NATS is away is no error. `clock` and `metrics` outlive the log.
std::shared_ptr<Log> open_nats_log(const config::PurgeOptions& options,
                                   const std::string& node_name, const Clock& clock,
                                   MetricsRegistry& metrics, std::string& message);

}  // namespace brink::purge
