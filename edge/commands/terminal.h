#pragma once
// Lines for people: announcements on standard error, results on standard output.

#include <string_view>

#include "config/loader.h"

namespace brink::edge {

// "brink: " and `text` as one line on standard error, in one write: scripts wait for such lines.
void announce(std::string_view text);

// `text` as it is on standard output, flushed. False when it could not be written (a closed pipe).
bool print(std::string_view text);

// Each diagnostic of these severities on a line of its own on standard error.
enum class Shown { ErrorsAndWarnings, All };
void print_diagnostics(const config::LoadResult& result, Shown shown);
std::size_t count_of(const config::LoadResult& result, config::Severity severity);

}  // namespace brink::edge
