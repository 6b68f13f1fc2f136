#pragma once
// What is wrong with a request head, whatever protocol it came in.

#include <string_view>

#include "edge/edge_metrics.h"

namespace brink::edge {

// Why a head is refused, and how that is answered.
struct HeadFault {
  int status = 0;             // 0 = none
  std::string_view what;      // static
  Limit limit = Limit::Count_;  // the bound that was reached, if one was
};

}  // namespace brink::edge
