#pragma once
// Expectations against what was seen. Pure.

#include <optional>
#include <string>

#include "tests/cases/case_model.h"
#include "tests/support/http_message.h"

namespace brink::tests::cases {

// What the check looks at in a message; empty when it is not there.
std::optional<std::string> observe(const Check& check, const HttpMessage& message);

// Empty when it holds; otherwise a sentence with both sides.
std::string judge(const Check& check, const std::optional<std::string>& seen,
                  const std::string& expected);

// The sum of all samples of a family in Prometheus text whose labels contain those given: NAME or
// NAME{a="b",c="d"}.
std::optional<std::string> metric_total(const std::string& exposition, const std::string& selector);

}  // namespace brink::tests::cases
