#pragma once
// Lines for people: announcements on standard error, results on standard output.

#include <string_view>

#include "config/loader.h"

namespace brink::edge {

// "brink: " and `text` as one line on standard error, in one write: scripts wait for such lines.
void announce(std::string_view text);

// `text` as it is on standard output, flushed. False when it could not be written (a closed pipe).
bool print(std::string_view text);

// Each diagnostic on a line of its own on standard error; returns how many of them are errors.
std::size_t print_diagnostics(const config::LoadResult& result);

}  // namespace brink::edge
