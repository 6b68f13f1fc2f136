#pragma once
// What one shard's client counts.

#include <array>

#include "config/runtime/error.h"
#include "config/runtime/metrics.h"

namespace brink::origin {

class ClientMetrics {
 public:
  explicit ClientMetrics(MetricsRegistry& registry);

  void finished(bool server_error) { (server_error ? server_error_ : answered_).add(); }
  void failed(ErrorCode code);  // the call ended with this

  Counter& cancelled;
  Counter& retries;
  Counter& connections_new;
  Counter& connections_reused;
  Counter& waited;  // for one of `connections`
  Counter& ejections;
  Histogram& first_byte;

 private:
  MetricsRegistry& registry_;
  Counter& answered_;
  Counter& server_error_;
  std::array<Counter*, 32> failed_{};  // by ErrorCode, made when first met
};

}  // namespace brink::origin
