// Certificates and keys that will not do, found out before a listener needs them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/certificates.h"
#include "config_support.h"

namespace brink::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr long kDayS = 24 * 3600;

// One line per problem: "certificate: error: …".
std::vector<std::string> judge(const std::string& certificate, const std::string& key) {
  std::vector<std::string> out;
  const CertificatePair pair = load_certificate_pair(certificate, key, SystemClock().now());
  for (const PemProblem& problem : pair.problems) {
    out.push_back(std::string(problem.file == PemFile::Key ? "key: " : "certificate: ") +
                  (problem.severity == Severity::Error ? "error: " : "warning: ") +
                  problem.message);
  }
  return out;
}

std::vector<std::string> judge_texts(const std::string& certificate, const std::string& key) {
  const TestFolder folder;
  return judge(folder.write("cert.pem", certificate), folder.write("key.pem", key));
}

void expect_one(const std::vector<std::string>& problems, const std::string& part) {
  ASSERT_EQ(problems.size(), 1U) << part;
  EXPECT_THAT(problems[0], HasSubstr(part));
}

TEST(ConfigCertificates, APairThatFits) {
  const KeyPair pair = make_key_pair();
  EXPECT_THAT(judge_texts(pair.certificate, pair.key), IsEmpty());
  const KeyPair other = make_key_pair();
  EXPECT_THAT(judge_texts(pair.certificate + other.certificate, pair.key), IsEmpty());  // a chain
  EXPECT_THAT(judge_texts("some words before\n" + pair.certificate, pair.key), IsEmpty());
}

TEST(ConfigCertificates, WhatIsNoPair) {
  const KeyPair pair = make_key_pair();
  const KeyPair other = make_key_pair();
  expect_one(judge_texts(pair.certificate, other.key),
             "key: error: the key does not belong to the certificate");
  expect_one(judge_texts(other.certificate + pair.certificate, pair.key),
             "the file's first certificate must be the server's own");
  expect_one(judge_texts(pair.key, pair.key), "certificate: error: holds no certificate");
  expect_one(judge_texts(pair.certificate, pair.certificate), "key: error: holds no private key");
  expect_one(judge_texts("", pair.key), "certificate: error: holds no certificate");
  std::string torn = pair.certificate;
  torn.replace(torn.size() / 2, 4, "!!!!");
  expect_one(judge_texts(torn, pair.key),
             "certificate: error: certificate 1 of the file cannot be parsed");
  expect_one(judge_texts(pair.certificate + torn, pair.key),
             "certificate 2 of the file cannot be parsed");
  std::string torn_key = pair.key;
  torn_key.replace(torn_key.size() / 2, 4, "!!!!");
  expect_one(judge_texts(pair.certificate, torn_key),
             "key: error: the private key cannot be parsed");
}

TEST(ConfigCertificates, Passphrase) {
  const KeyPair pair = make_key_pair({.passphrase = "open sesame"});
  expect_one(judge_texts(pair.certificate, pair.key),
             "key: error: the key has a passphrase; remove it with");
}

TEST(ConfigCertificates, Dates) {
  const KeyPair expired = make_key_pair({.begins_in_s = -2 * kDayS, .ends_in_s = -kDayS});
  expect_one(judge_texts(expired.certificate, expired.key),
             "certificate: error: the certificate expired on ");
  const KeyPair early = make_key_pair({.begins_in_s = kDayS});
  expect_one(judge_texts(early.certificate, early.key),
             "certificate: error: the certificate is not valid before ");
  const KeyPair soon = make_key_pair({.ends_in_s = 3 * kDayS});
  expect_one(judge_texts(soon.certificate, soon.key),
             "certificate: warning: the certificate expires on ");
}

TEST(ConfigCertificates, KeysThatOpenSslRefuses) {
  const KeyPair weak = make_key_pair({.has_weak_key = true});
  expect_one(judge_texts(weak.certificate, weak.key), "OpenSSL refuses the certificate");
}

TEST(ConfigCertificates, FilesThatCannotBeRead) {
  const TestFolder folder;
  const auto problems = judge(folder.path("none"), folder.path(""));
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_THAT(problems[0], HasSubstr("certificate: error: cannot be read: No such file"));
  EXPECT_THAT(problems[1], HasSubstr("key: error: cannot be read: it is a folder"));
  EXPECT_THAT(judge("/dev/zero", "/dev/null")[0], HasSubstr("it is no regular file"));
}

TEST(ConfigCertificates, AuthorityFiles) {
  const TestFolder folder;
  EXPECT_EQ(problem_in_ca_file(folder.write("ca.pem", make_key_pair().certificate)), "");
  EXPECT_THAT(problem_in_ca_file(folder.write("no.pem", "hello")),
              HasSubstr("holds no certificate"));
  EXPECT_THAT(problem_in_ca_file(folder.path("none")), HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace brink::config
