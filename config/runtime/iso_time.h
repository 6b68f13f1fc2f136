#pragma once
// Times for people and programs (RFC 3339): "2026-11-27T22:16:18.042Z".

#include <string>

#include "config/runtime/clock.h"

namespace brink {

std::string iso_time(TimePoint at);

}  // namespace brink
