#pragma once
// What the configuration's tests share: a folder of their own, certificates made on the spot, and
// diagnostics as lines.

#include <string>
#include <string_view>
#include <vector>

#include "config/loader.h"

namespace brink::config {

// A folder that goes when the test ends.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string path(std::string_view name) const;
  // Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  std::string root_;
};

struct KeyPair {
  std::string certificate;  // PEM, self-signed
  std::string key;          // PEM
};

struct KeyPairOptions {
  long begins_in_s = -3600;  // relative to now
  long ends_in_s = 365L * 24 * 3600;
  bool has_weak_key = false;         // RSA, 512 bits
  std::string_view passphrase = {};  // of the key
  std::string common_name = "localhost";
};

KeyPair make_key_pair(const KeyPairOptions& options = {});

// Without notes and without the file's name: "3:9: error: node.name: expected …".
std::vector<std::string> lines_of(const LoadResult& result);

// Appended to a text that is about something else, so that the file is complete.
inline constexpr std::string_view kRest =
    "listen: [{address: \"127.0.0.1:0\"}]\n"
    "sites: [{origin: {servers: [\"http://10.0.0.1:80\"]}}]\n";

// The repository's own files ("config/examples/edge.yaml").
std::string repository_path(std::string_view name);
std::string read_text(const std::string& path);

}  // namespace brink::config
