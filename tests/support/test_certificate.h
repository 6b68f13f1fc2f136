#pragma once
// A certificate of its own for a server under test, in a folder that goes with it.

#include <filesystem>
#include <string>

namespace brink::tests {

class TestCertificate {
 public:
  // Self-signed with a new key, for 127.0.0.1, and valid whatever the clock of a case says. Failing
  // ends the program: no test can go on.
  TestCertificate();
  ~TestCertificate();
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  // PEM files.
  std::string certificate() const { return (folder_ / "certificate.pem").string(); }
  std::string key() const { return (folder_ / "key.pem").string(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace brink::tests
