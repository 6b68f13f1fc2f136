// Addresses, URLs, hosts and globs: what is well-formed, and what the message says when it is not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/names.h"

namespace brink::config {
namespace {

using ::testing::HasSubstr;

struct Row {
  std::string_view text;
  std::string_view problem;  // a part of the message; empty = well-formed
};

void expect_rows(std::string (*judge)(std::string_view), std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    const std::string problem = judge(row.text);
    if (row.problem.empty()) {
      EXPECT_EQ(problem, "") << row.text;
    } else {
      EXPECT_THAT(problem, HasSubstr(std::string(row.problem))) << row.text;
    }
  }
}

TEST(ConfigNames, ListenAddresses) {
  expect_rows(problem_in_listen_address, {{"0.0.0.0:8080", ""},
                                          {"127.0.0.1:0", ""},
                                          {"[::]:443", ""},
                                          {"[::1]:65535", ""},
                                          {"localhost:80", "write 127.0.0.1:80"},
                                          {":8080", "write 0.0.0.0:8080"},
                                          {"*:8080", "write 0.0.0.0:8080"},
                                          {"8080", "write 0.0.0.0:8080"},
                                          {"10.0.0.1", "add the port"},
                                          {"::1", "write [::1]"},
                                          {"10.0.0.1:65536", "expected an address"},
                                          {"10.0.0.256:80", "write the IP address"},
                                          {"example.com:80", "write the IP address"},
                                          {"[10.0.0.1]:80", "write the IP address"},
                                          {"::1:80", "write [::1:80]"},
                                          {"[::1]", "expected an address"},
                                          {"[::1]:", "expected an address"},
                                          {"[::1", "expected an address"},
                                          {"10.0.0.1:80a", "a port is 0 to 65535"},
                                          {"", "expected an address"}});
}

TEST(ConfigNames, AdminMayBeOff) {
  expect_rows(problem_in_admin_address,
              {{"none", ""}, {"", ""}, {"127.0.0.1:9901", ""}, {"off", "expected an address"}});
}

TEST(ConfigNames, Networks) {
  expect_rows(problem_in_cidr, {{"10.0.0.0/8", ""},
                                {"0.0.0.0/0", ""},
                                {"192.168.1.1/32", ""},
                                {"fd00::/8", ""},
                                {"::1/128", ""},
                                {"10.0.0.1", "write 10.0.0.1/32"},
                                {"::1", "write ::1/128"},
                                {"10.1.2.3/8", "the network is 10.0.0.0/8"},
                                {"fd00::1/64", "the network is fd00::/64"},
                                {"10.0.0.0/33", "0 to 32"},
                                {"::/129", "0 to 128"},
                                {"10.0.0.0/-1", "0 to 32"},
                                {"10.0.0.0/", "0 to 32"},
                                {"10.0.0/8", "expected a network"},
                                {"edges", "expected a network"},
                                {"", "expected a network"}});
}

TEST(ConfigNames, ServerUrls) {
  expect_rows(problem_in_server_url, {{"http://10.0.0.5:8000", ""},
                                      {"https://origin.example.com", ""},
                                      {"http+h2c://my_service:80", ""},
                                      {"http://[::1]:80", ""},
                                      {"http://localhost", ""},
                                      {"foo", "begin with http://"},
                                      {"10.0.0.5:8000", "begin with http://"},
                                      {"ftp://x:21", "expected http://host:port"},
                                      {"HTTP://x:80", "expected http://host:port"},
                                      {"http://", "expected http://host:port"},
                                      {"http://:80", "expected http://host:port"},
                                      {"http://x:0", "expected http://host:port"},
                                      {"http://x:65536", "expected http://host:port"},
                                      {"http://x:", "expected http://host:port"},
                                      {"http://a b", "expected http://host:port"},
                                      {"http://x/", "write http://x: the path is the client's"},
                                      {"http://x:80/api", "write http://x:80: the path"},
                                      {"http://x?y", "write http://x: the path"},
                                      {"http://u:p@x", "credentials"},
                                      {"http://fd00::1", "write http://[fd00::1]"},
                                      {"http://999.1.1.1", "expected http://host:port"},
                                      {"http://-x-", "expected http://host:port"},
                                      {"", "expected http://host:port"}});
  EXPECT_EQ(server_host_port("http://x:81").port, "81");
  EXPECT_EQ(server_host_port("https://x").port, "443");
  EXPECT_EQ(server_host_port("http+h2c://[::1]").host, "::1");
  EXPECT_EQ(server_host_port("http://x").port, "80");
}

TEST(ConfigNames, Hosts) {
  expect_rows(problem_in_host_pattern,
              {{"*", ""},
               {"shop.example.com", ""},
               {"*.example.com", ""},
               {"10.0.0.1", ""},
               {"[::1]", ""},
               {"localhost", ""},
               {"*.", "a '*' stands alone"},
               {"*x.example.com", "a '*' stands alone"},
               {"shop.*", "a '*' stands alone"},
               {"*.*", "a '*' stands alone"},
               {"https://shop.example.com", "leave out the scheme"},
               {"shop.example.com/x", "leave out the path"},
               {"shop.example.com:8080", "write shop.example.com: any port"},
               {"shop.example.com.", "leave out the dot"},
               {"bücher.example", "xn--"},
               {"a..b", "expected a host"},
               {"", "expected a host"}});
  expect_rows(problem_in_host, {{"shop.example.com", ""},
                                {"shop.example.com:8080", ""},
                                {"[::1]:80", ""},
                                {"shop.example.com:0", "expected a host"},
                                {"http://shop", "leave out the scheme"},
                                {"a b", "expected a host"},
                                {"", "expected a host"}});
  expect_rows(problem_in_host_name, {{"shop.internal", ""},
                                     {"::1", ""},
                                     {"shop:80", "expected a host name"},
                                     {std::string_view("a\0b", 3), "expected a host name"}});
}

TEST(ConfigNames, PathGlobs) {
  expect_rows(problem_in_path_glob, {{"/", ""},
                                     {"*", ""},
                                     {"/images/*", ""},
                                     {"*.css", ""},
                                     {"/a?c", ""},
                                     {"/%C3%A4", ""},
                                     {"images/*", "begin with '/' or '*'"},
                                     {"", "expected a path pattern"},
                                     {"/a b", "percent-encoded"},
                                     {"/ä", "percent-encoded"},
                                     {"/[a-z]", "only '*'"},
                                     {"/{a,b}", "only '*'"},
                                     {"^/a$", "begin with"},
                                     {"/a#b", "only '*'"}});
}

TEST(ConfigNames, GlobsThatHideOthers) {
  struct Pair {
    std::string_view glob;
    std::string_view other;
    bool covers;
  };
  const Pair kRows[] = {
      {"*", "/x", true},       {"*", "*", true},         {"*", "*.css", true},
      {"/a*", "/a/b*", true},  {"/a/*", "/a/b", true},   {"*.css", "/x/*.css", true},
      {"/a?", "/ab", true},    {"/a?", "/a?", true},     {"/*x*", "/axb*", true},
      {"/a", "/a", true},      {"/a*", "/*", false},     {"/ab", "/a?", false},
      {"/a?", "/a*", false},   {"*.css", "*.js", false}, {"/a/*", "/a", false},
      {"/a/b*", "/a*", false}, {"", "/a", false},        {"/a**", "/a*", true},
  };
  for (const Pair& row : kRows)
    EXPECT_EQ(glob_covers(row.glob, row.other), row.covers) << row.glob << " " << row.other;
}

TEST(ConfigNames, SmallerThings) {
  expect_rows(problem_in_variable, {{"BRINK_ADMIN_TOKEN", ""},
                                    {"_x1", ""},
                                    {"${TOKEN}", "write TOKEN alone"},
                                    {"$TOKEN", "write TOKEN alone"},
                                    {"1X", "name of an environment variable"},
                                    {"a-b", "name of an environment variable"},
                                    {"", "name of an environment variable"}});
  expect_rows(problem_in_log_target, {{"none", ""},
                                      {"stdout", ""},
                                      {"/var/log/x", ""},
                                      {"stdot", "did you mean stdout?"},
                                      {"x.log", "full path"},
                                      {"/", "full path"},
                                      {"", "full path"}});
  expect_rows(problem_in_nats_url, {{"nats://nats:4222", ""},
                                    {"tls://nats", ""},
                                    {"nats://a:4222,nats://b:4222, nats://[::1]", ""},
                                    {"nats://a:4222,http://b", "expected nats://"},
                                    {"nats://a:4222,", "begin with nats://"},
                                    {"nats://u:p@nats", "user and password_env"},
                                    {"http://nats", "expected nats://"},
                                    {"nats", "begin with nats://"}});
  expect_rows(problem_in_query_name,
              {{"token", ""}, {"*", ""}, {"a=b", "parameter"}, {"", "parameter"}});
  expect_rows(problem_in_url_path, {{"/healthz", ""},
                                    {"/a?b=c", ""},
                                    {"healthz", "a path"},
                                    {"/a b", "a path"},
                                    {"", "a path"}});
  expect_rows(problem_in_name,
              {{"fra-1", ""}, {std::string_view("a b"), "1 to 63"}, {"", "1 to 63"}});
  EXPECT_NE(problem_in_name(std::string(64, 'a')), "");
}

TEST(ConfigNames, Loopback) {
  EXPECT_TRUE(is_loopback("127.0.0.1:1"));
  EXPECT_TRUE(is_loopback("127.9.9.9:1"));
  EXPECT_TRUE(is_loopback("[::1]:1"));
  EXPECT_TRUE(is_loopback(""));
  EXPECT_FALSE(is_loopback("0.0.0.0:1"));
  EXPECT_FALSE(is_loopback("[::]:1"));
  EXPECT_FALSE(is_loopback("10.0.0.1:1"));
}

}  // namespace
}  // namespace brink::config
