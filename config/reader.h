#pragma once
// Reads a YAML tree into Options, key by key as the schema has it.

#include "config/findings.h"
#include "config/options.h"
#include "config/schema.h"
#include "config/yaml_tree.h"

namespace brink::config {

// What single values can be judged by is judged here; options against each other: checks.h.
// A value with an error keeps its default, so that reading goes on. `places` gets every path that
// the file sets: values by where they stand, maps and lists by their key.
void read_options(const YamlNode& root, Options& options, Places& places, Findings& findings);

// One key's value on its own, into the struct `object` that the key belongs to.
void read_key(const Key& key, void* object, const YamlNode& node, const std::string& path,
              Places& places, Findings& findings);

}  // namespace brink::config
