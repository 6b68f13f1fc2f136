// Files with mistakes, and the lines that people get to read: place, what was found, what is
// expected.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "config_support.h"

namespace brink::config {
namespace {

struct Row {
  std::string text;
  std::vector<std::string> expected;  // the beginning of each line, all of them, in order
};

void expect_rows(const std::vector<Row>& rows, std::string_view rest = kRest) {
  for (const Row& row : rows) {
    const LoadResult result = load_text(row.text + std::string(rest), "f.yaml");
    const std::vector<std::string> lines = lines_of(result);
    bool same = lines.size() == row.expected.size();
    for (std::size_t i = 0; same && i < lines.size(); ++i)
      same = lines[i].rfind(row.expected[i], 0) == 0;
    if (same) continue;
    std::string found;
    for (const std::string& line : lines)
      found += "\n  " + line;
    ADD_FAILURE() << row.text << "\ngives:" << found;
  }
}

TEST(ConfigBad, Keys) {
  expect_rows({
      {"nodes: {}\n", {"1:1: error: nodes: unknown key; did you mean 'node'?"}},
      {"node:\n  nmae: x\n", {"2:3: error: node.nmae: unknown key; did you mean 'name'?"}},
      {"node:\n  name: a\n  name: b\n",
       {"3:3: error: node.name: this key stands twice; it is already on line 2"}},
      {"memory: 1GiB\n", {"1:1: error: memory: unknown key here; it belongs at cache.memory"}},
      {"node:\n  cache: 1\n",
       {"2:3: error: node.cache: unknown key here; it belongs at the file's top level"}},
      {"admin:\n  zzzz: 1\n", {"2:3: error: admin.zzzz: unknown key; known here: address, tokens"}},
      {"limits:\n  zzzzzzz: 1\n",
       {"2:3: error: limits.zzzzzzz: unknown key"}},
      {"sites_: 1\n", {"1:1: error: sites_: unknown key; did you mean 'sites'?"}},
      {"\"a\\nb\": 1\n", {"1:1: error: \"a\\nb\": unknown key"}},
      {"listeners: 1\n", {"1:1: error: listeners: unknown key; did you mean 'listen'?"}},
      {"logging: 1\n", {"1:1: error: logging: unknown key; did you mean 'access_log'?"}},
      {"admin:\n  port: 1\n", {"2:3: error: admin.port: unknown key; known here: address, tokens"}},
      {"<<: {}\n", {"1:1: error: <<: YAML's merge key"}},
      {"cache:\n  disk: {path: /x, size: 1}\n",
       {"2:9: error: cache.disk: this version has no disk store yet; remove the key"}},
      {"tier:\n  upstream: {servers: [\"http://x\"]}\n",
       {"2:14: error: tier.upstream.servers: unknown key here; it belongs at "
        "sites[].origin.servers"}},
  });
}

TEST(ConfigBad, ProxiesInFrontAndTlsToUpstreams) {
  const std::string listen = "listen: [{address: \"127.0.0.1:0\"}]\nsites:\n  - origin:\n      servers: [\"https://o\"]\n";
  const std::string pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  expect_rows(
      {
          {"listen:\n  - address: 127.0.0.1:0\n    proxy_protocol: [10.0.0.5]\nsites: [{origin: {servers: [\"http://o\"]}}]\n",
           {"3:22: error: listen[0].proxy_protocol[0]: expected a network such as 10.0.0.0/8"}},
          {listen + "      tls: {certificate: a.pem}\n",
           {"5:7: error: sites[0].origin.tls.key: is missing; a certificate is of no use without it"}},
          {listen + "      tls: {key: a.pem}\n",
           {"5:7: error: sites[0].origin.tls.certificate: is missing; a key is of no use without it"}},
          {listen + "      tls: {min_version: 1.1}\n",
           {"5:26: error: sites[0].origin.tls.min_version: expected one of 1.2, 1.3, found \"1.1\""}},
          {listen + "      tls: {pins: [\"" + pin + "\", \"" + pin.substr(0, 51) + "\"]}\n",
           {"5:76: error: sites[0].origin.tls.pins[1]: expected sha256// and the base64"}},
          {listen + "      tls: {pins: [\"md5//" + pin.substr(8) + "\"]}\n",
           {"5:20: error: sites[0].origin.tls.pins[0]: expected sha256// and the base64"}},
      },
      "");
}

TEST(ConfigBad, Values) {
  expect_rows({
      {"node:\n  name: fra 1\n", {"2:9: error: node.name: expected a name of 1 to 63 letters"}},
      {"node:\n  role: edgee\n",
       {"2:9: error: node.role: expected one of edge, regional, found \"edgee\"; did you mean "
        "edge?"}},
      {"node:\n  workers: many\n",
       {"2:12: error: node.workers: expected a whole number from 0 to 256, found \"many\""}},
      {"node:\n  workers: 257\n",
       {"2:12: error: node.workers: expected a whole number from 0 to 256, found \"257\""}},
      {"node:\n  workers: -1\n",
       {"2:12: error: node.workers: expected a whole number from 0 to 256"}},
      {"node:\n  workers: \"4\"\n",
       {"2:12: error: node.workers: expected a whole number from 0 to 256, found \"4\"; leave out "
        "the quotes"}},
      {"node:\n  name: [a]\n", {"2:9: error: node.name: expected a name, found a list"}},
      {"node:\n  name:\n    a: b\n", {"3:5: error: node.name: expected a name, found a map"}},
      {"node:\n  name:\n",
       {"2:3: error: node.name: has no value; give one, or remove the key for the default brink"}},
      {"node:\n", {"1:1: error: node: has no value; give one or remove the key"}},
      {"node: x\n",
       {"1:7: error: node: expected a map such as {name: fra-1, pop: fra}, found \"x\""}},
      {"node: [x]\n",
       {"1:7: error: node: expected a map such as {name: fra-1, pop: fra}, found a list"}},
      {"node:\n  peers: 10.0.0.0/8\n",
       {"2:10: error: node.peers: expected a list, found \"10.0.0.0/8\"; write [\"10.0.0.0/8\"]"}},
      {"node:\n  peers: [10.0.0.0/8, 10.0.0.0/8]\n",
       {"2:23: error: node.peers[1]: \"10.0.0.0/8\" is already in this list, on line 2"}},
      {"node:\n  peers: [10.0.0.1/8, {a: b}]\n",
       {"2:11: error: node.peers[0]: expected a network such as 10.0.0.0/8 or fd00::/8, found "
        "\"10.0.0.1/8\"; the network is 10.0.0.0/8",
        "2:23: error: node.peers[1]: expected a network such as 10.0.0.0/8, found a map"}},
      {"cache:\n  memory: 256M\n",
       {"2:11: error: cache.memory: expected a size from 1MiB to 16TiB (such as 256MiB), found "
        "\"256M\"; did you mean 256MiB?"}},
      {"cache:\n  memory: 1\n", {"2:11: error: cache.memory: expected a size from 1MiB to 16TiB"}},
      {"limits:\n  idle_timeout: 75\n",
       {"2:17: error: limits.idle_timeout: expected a duration from 1ms to 1d (such as 75s), found "
        "\"75\"; did you mean 75s?"}},
      {"tier:\n  bounded_load: 0.5\n",
       {"2:17: error: tier.bounded_load: expected a number from 1 to 10, found \"0.5\""}},
      {"tier:\n  fall_back_to_origin: yes\n",
       {"2:24: error: tier.fall_back_to_origin: expected true or false, found \"yes\"; write "
        "true"}},
      {"access_log: stdot\n",
       {"1:13: error: access_log: expected none, stdout, stderr or a file's full path, found "
        "\"stdot\"; did you mean stdout?"}},
      {"access_log: [stdout]\n", {"1:13: error: access_log: expected a map, found a list"}},
      {"access_log: {sample: 2}\n",
       {"1:22: error: access_log.sample: expected a number from 0 to 1, found \"2\""}},
      {"access_log: {redact_query: [a&b]}\n",
       {"1:29: error: access_log.redact_query[0]: expected a query parameter's name"}},
      {"node:\n  name: ${HOSTNAME}\n",
       {"2:9: error: node.name: \"${HOSTNAME}\" holds a variable, and variables are not put in "
        "here"}},
      {"node:\n  name: !str x\n",
       {"2:9: error: found the YAML tag \"!str\"; tags are not used here"}},
  });
}

TEST(ConfigBad, NotYaml) {
  expect_rows(
      {
          {"", {" error: is empty; a configuration has at least listen and sites"}},
          {"# only this\n", {" error: is empty"}},
          {"---\n", {" error: is empty"}},
          {"hello\n",
           {"1:1: error: expected a map with keys such as listen and sites, found \"hello\""}},
          {"- a\n",
           {"1:1: error: expected a map with keys such as listen and sites, found a list"}},
          {"a: [b\n",
           {"1:6: error: not valid YAML: a list that began with '[' goes on here; close it with "
            "']'"}},
          {"a: {b: c\n",
           {"1:9: error: not valid YAML: a map that began with '{' goes on here; close it with "
            "'}'"}},
          {"a: \"b\n", {"1:6: error: not valid YAML: the file ends inside a quoted text"}},
          {"a: b: c\n", {"1:5: error: not valid YAML: a ':' is not expected here"}},
          {"a:\n\tb: c\n", {"2:3: error: not valid YAML: found a tab"}},
          {"a: \"\\q\"\n", {"1:7: error: not valid YAML: unknown escape character: q"}},
          {"a: \"b\n\n\n", {"1:6: error: not valid YAML: the file ends inside a quoted text"}},
          {"a: b\n  \x04", {"2:3: error: found the byte 0x04; expected text in UTF-8"}},
          {"a: \xff\n", {"1:4: error: found the byte 0xff; expected text in UTF-8"}},
          {std::string("\xFF\xFE"
                       "a\0",
                       4),
           {"1:1: error: found the byte 0xff"}},
          {"a: @b\n", {"1:4: error: not valid YAML: this character cannot begin a value"}},
          {"a: *b\n", {"1:4: error: not valid YAML: no anchor (&) has this alias's name"}},
          {"a: [*]\n",
           {"1:6: error: not valid YAML: a value that begins with '*' must be in quotes"}},
          {"a: &x [*x]\n",
           {"1:8: error: not valid YAML: this alias (*) names something that contains it"}},
          {"? [a, b]\n: c\n", {"1:3: error: not valid YAML: a key must be a plain word"}},
          {"? ~\n: c\n", {"1:3: error: not valid YAML: expected a key, found nothing"}},
      },
      "");
  expect_rows({{std::string(kRest) + "---\n", {"3:1: error: a second YAML document begins here"}}});
}

std::string close_of(const std::string& opened) {
  return std::string(static_cast<std::size_t>(std::count(opened.begin(), opened.end(), '[')), ']');
}

TEST(ConfigBad, TooMuch) {
  std::string deep = "a: ";
  for (int i = 0; i < 40; ++i)
    deep += "[";
  std::string very_deep(5'000, '[');
  // Nine lists of nine aliases: a billion laughs.
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 9; ++k)
      laughs += (k == 0 ? "*a" : ", *a") + std::to_string(i - 1);
    laughs += "]\n";
  }
  expect_rows(
      {{deep + close_of(deep), {"1:35: error: not valid YAML: nested more than 32 levels deep"}},
       {"a: " + very_deep + close_of(very_deep),
        {"1:35: error: not valid YAML: nested more than 32 levels deep"}},
       {laughs,
        {"6:15: error: not valid YAML: more than 100000 values (aliases counted each time)"}},
       {std::string(1024 * 1024 + 1, '#'), {" error: is larger than 1048576 bytes"}}},
      "");
}

TEST(ConfigBad, CollectionsOfMapsAndRequiredKeys) {
  expect_rows(
      {
          {"node: {}\n",
           {"1:1: error: listen: is missing; expected a list such as [{address: "
            "\"0.0.0.0:8080\"}]",
            "1:1: error: sites: is missing; expected a list such as [{name: shop"}},
          {"listen: []\nsites: []\n",
           {"1:9: error: listen: is empty; expected a list",
            "2:8: error: sites: is empty; expected a list"}},
          {"listen: 0.0.0.0:80\nsites: {name: x}\n",
           {"1:9: error: listen: expected a list such as [{address: \"0.0.0.0:8080\"}], found "
            "\"0.0.0.0:80\"",
            "2:8: error: sites: expected a list such as [{name: shop"}},
          {"listen:\n  - 0.0.0.0:80\n  - {}\nsites:\n  - name: x\n  - origin: {}\n",
           {"2:5: error: listen[0]: expected a map such as {address: \"0.0.0.0:8080\"}, found "
            "\"0.0.0.0:80\"",
            "3:5: error: listen[1].address: is missing; expected an address and port",
            "5:5: error: sites[0].origin: is missing; expected a map such as {servers: "
            "[\"http://10.0.0.5:8000\"]}",

            "6:5: error: sites[1].origin.servers: is missing; expected a list, each a URL",
            "6:5: error: sites[1].hosts: is missing, which means \"*\""}},
      },
      "");
}

TEST(ConfigBad, Listeners) {
  const std::string sites = "sites: [{origin: {servers: [\"http://10.0.0.1:80\"]}}]\n";
  expect_rows(
      {
          {"listen:\n  - address: 8080\n",
           {"2:14: error: listen[0].address: expected an address and port"}},
          {"listen:\n  - address: 0.0.0.0:80\n  - address: 0.0.0.0:80\n",
           {"3:14: error: listen[1].address: 0.0.0.0:80 is the address of listen[0] already"}},
          {"listen: [{address: \"127.0.0.1:0\"}, {address: \"127.0.0.1:0\"}]\n", {}},
          {"listen: [{address: \"127.0.0.1:9901\"}]\n",
           {"1:20: error: listen[0].address: 127.0.0.1:9901 is admin.address's default"}},
          {"admin: {address: \"127.0.0.1:80\"}\nlisten: [{address: \"127.0.0.1:80\"}]\n",
           {"2:20: error: listen[0].address: 127.0.0.1:80 is admin.address too"}},
          {"listen:\n  - address: 0.0.0.0:80\n    tls: {certificate: /nowhere/c.pem, key: "
           "/nowhere/k.pem}\n",
           {"3:24: error: listen[0].tls.certificate: \"/nowhere/c.pem\": cannot be read: No such "
            "file or directory",
            "3:45: error: listen[0].tls.key: \"/nowhere/k.pem\": cannot be read: No such file or "
            "directory"}},
          {"listen:\n  - address: 0.0.0.0:80\n    tls: {certificate: c.pem}\n",
           {"3:5: error: listen[0].tls.key: is missing; expected a file's path"}},
      },
      sites);
}

TEST(ConfigBad, Admin) {
  ::setenv("BRINK_TEST_TOKEN", "0123456789abcdef0123", 1);
  ::setenv("BRINK_TEST_SHORT", "hunter2", 1);
  ::setenv("BRINK_TEST_SPACE", "0123456789 abcdef\n", 1);
  ::setenv("BRINK_TEST_EMPTY", "", 1);
  ::unsetenv("BRINK_TEST_UNSET");
  const auto token = [](const std::string& rest) {
    return "admin:\n  tokens:\n    - {may: [read], " + rest + "}\n";
  };
  expect_rows({
      {"admin: {address: \"0.0.0.0:9901\"}\n",
       {"1:18: error: admin.address: 0.0.0.0:9901 can be reached from other machines, so "
        "admin.tokens or admin.client_certificates is required"}},
      {"admin: {address: none}\n", {}},
      {"admin: {address: off}\n", {"1:18: error: admin.address: expected an address and port"}},
      {token("name: a, token_env: BRINK_TEST_TOKEN"), {}},
      {token("name: a, token_env: BRINK_TEST_UNSET"),
       {"3:41: error: admin.tokens[0].token_env: the environment variable BRINK_TEST_UNSET is not "
        "set"}},
      {token("name: a, token_env: BRINK_TEST_EMPTY"),
       {"3:41: error: admin.tokens[0].token_env: the environment variable BRINK_TEST_EMPTY is "
        "empty"}},
      {token("name: a, token_env: BRINK_TEST_SPACE"),
       {"3:41: error: admin.tokens[0].token_env: the secret in BRINK_TEST_SPACE holds white "
        "space"}},
      {token("name: a, token_env: BRINK_TEST_SHORT"),
       {"3:41: warning: admin.tokens[0].token_env: the secret in BRINK_TEST_SHORT is short"}},
      {token("name: a, token_env: \"${BRINK_TEST_TOKEN}\""),
       {"3:41: error: admin.tokens[0].token_env: expected the name of an environment variable, "
        "found \"${BRINK_TEST_TOKEN}\"; write BRINK_TEST_TOKEN alone"}},
      {token("name: a, token_env: BRINK_TEST_TOKEN, sites: [shop]"),
       {"3:67: error: admin.tokens[0].sites[0]: no site is named \"shop\""}},
      {token("name: a, token_env: BRINK_TEST_TOKEN, sites: [defualt]"),
       {"3:67: error: admin.tokens[0].sites[0]: no site is named \"defualt\"; did you mean "
        "default?"}},
      {token("name: a, token_env: BRINK_TEST_TOKEN") +
           "    - {name: a, token_env: BRINK_TEST_TOKEN, may: [purge]}\n",
       {"4:14: error: admin.tokens[1].name: \"a\" is the name of admin.tokens[0] already",
        "4:28: error: admin.tokens[1].token_env: the secret is that of admin.tokens[0] too"}},
      {"admin:\n  tokens:\n    - {name: a, token_env: BRINK_TEST_TOKEN, may: [write]}\n",
       {"3:52: error: admin.tokens[0].may[0]: expected one of read, purge, operate, found "
        "\"write\""}},
      {"admin:\n  tokens:\n    - {name: a, token_env: BRINK_TEST_TOKEN, may: []}\n",
       {"3:51: error: admin.tokens[0].may: is empty; expected a list of read, purge, operate"}},
      {"admin:\n  tokens:\n    - secret\n",
       {"3:7: error: admin.tokens[0]: expected a map such as {name: ops"}},
  });
}

TEST(ConfigBad, SecretsAreNeverPrinted) {
  ::setenv("BRINK_TEST_LEAK", "bad\x01secret-value", 1);
  const LoadResult result =
      load_text("admin:\n  tokens: [{name: a, may: [read], token_env: BRINK_TEST_LEAK}]\n" +
                    std::string(kRest),
                "f");
  ASSERT_FALSE(result.ok());
  for (const std::string& line : lines_of(result))
    EXPECT_EQ(line.find("secret-value"), std::string::npos) << line;
}

TEST(ConfigBad, OptionsAgainstEachOther) {
  expect_rows({
      {"cache: {memory: 64MiB, max_response: 32MiB}\n",
       {"1:38: error: cache.max_response: expected at most a quarter of cache.memory (16MiB of "
        "64MiB), found 32MiB"}},
      {"limits: {uri_bytes: 64KiB}\n",
       {"1:21: error: limits.uri_bytes: expected at most limits.header_bytes (32KiB)"}},
      {"limits: {header_bytes: 8KiB}\n", {}},
      {"node: {role: regional, peers: [10.0.0.0/8]}\ntier: {regional: [\"http://r:80\"]}\n",
       {"2:18: error: tier.regional: a node with role: regional asks the origin itself"}},
      {"node: {role: regional}\n",
       {"1:14: warning: node.role: this regional node believes edges on its own machine only"}},
      {"tier: {bounded_load: 2, upstream: {retries: 1}}\n",
       {"1:22: warning: tier.bounded_load: has no effect without tier.regional",
        "1:25: warning: tier.upstream: has no effect without tier.regional"}},
      {"tier: {regional: [\"http://r:80\"], upstream: {tls: {verify: false}}}\n",
       {"1:60: warning: tier.upstream.tls.verify: certificates are not verified"}},
      {"purge: {log: embedded}\n", {}},
      {"purge: {max_lag: 3m}\n",
       {"1:18: error: purge.max_lag: expected forget_node_after to be at least four times max_lag"}},
      {"purge: {forget_node_after: 39s}\n", {"1:28: error: purge.forget_node_after: expected"}},
      {"purge: {max_lag: 1s, forget_node_after: 4s}\n", {}},
      {"purge: {fenced: panic}\n",
       {"1:17: error: purge.fenced: expected one of revalidate, serve, fail"}},
      {"purge: {retain: 99}\n", {"1:17: error: purge.retain: expected"}},
      {"purge: {log: nats}\n",
       {"1:14: error: purge.log: log: nats needs the server"}},
      {"purge: {log: nats, nats: {url: \"nats://n:4222\"}}\n", {}},
      {"purge: {log: nats, nats: {url: \"http://n:4222\"}}\n",
       {"1:32: error: purge.nats.url: expected nats://host:port"}},
      {"purge: {path: purge.log}\n",
       {"1:15: error: purge.path: expected a file's full path"}},
  });
  expect_rows(
      {{"listen: [{address: \"0.0.0.0:8080\"}]\ntier: {regional: [\"http://localhost:8080\", "
        "\"http://r:8080\"]}\n"
        "sites: [{origin: {servers: [\"http://127.0.0.1:8080\"]}}]\n",
        {"2:19: error: tier.regional[0]: http://localhost:8080 is this node itself",
         "3:29: error: sites[0].origin.servers[0]: http://127.0.0.1:8080 is this node itself"}}},
      "");
}

TEST(ConfigBad, Sites) {
  const auto sites = [](const std::string& text) {
    return "listen: [{address: \"127.0.0.1:0\"}]\nsites:\n" + text;
  };
  const std::string a = "  - {name: a, hosts: [a.example], origin: {servers: [\"http://o:1\"]}}\n";
  const auto with = [&](const std::string& rest) {
    return sites("  - {name: a, hosts: [a.example], origin: {servers: [\"http://o:1\"]}, " + rest +
                 "}\n");
  };
  const auto origin = [&](const std::string& rest) {
    return sites("  - {hosts: [a.example], origin: {servers: [\"http://o:1\"], " + rest + "}}\n");
  };
  expect_rows(
      {
          {sites(a + "  - {name: a, hosts: [b.example], origin: {servers: [\"http://o:1\"]}}\n"),
           {"4:12: error: sites[1].name: \"a\" is the name of sites[0] already"}},
          {sites(a + "  - {name: b, hosts: [b.example, A.Example], origin: {servers: "
                     "[\"http://o:1\"]}}\n"),
           {"4:34: error: sites[1].hosts[1]: \"a.example\" is a host of sites[0] already"}},
          {sites("  - {name: a, hosts: [x, X], origin: {servers: [\"http://o:1\"]}}\n"),
           {"3:26: error: sites[0].hosts[1]: \"X\" is already in this list"}},
          {sites("  - {name: a, hosts: [], origin: {servers: [\"http://o:1\"]}}\n"),
           {"3:22: error: sites[0].hosts: is empty"}},
          {sites("  - {origin: {servers: [\"http://o:1\"]}}\n  - {origin: {servers: "
                 "[\"http://o:1\"]}}\n"),
           {"4:5: error: sites[1].name: is missing; with several sites each needs its own",
            "4:5: error: sites[1].hosts: is missing, which means \"*\", and sites[0] "
            "has that already"}},
          {sites("  - {origin: \"http://o:1\"}\n"),
           {"3:14: error: sites[0].origin: expected a map such as {servers: "
            "[\"http://10.0.0.5:8000\"]}, found \"http://o:1\""}},
          {sites("  - {origin: {servers: [\"http://o:1\", \"http://o:1\"]}}\n"),
           {"3:39: error: sites[0].origin.servers[1]: \"http://o:1\" is already in this list"}},
          {with("rules: {bypass: true, freshness: 1h}"),
           {"3:103: error: sites[0].rules.freshness: has no effect beside bypass: true"}},
          {with("rules: {bypass: true}, paths: [{path: /x, freshness: 1h}]"),
           {"3:123: error: sites[0].paths[0].freshness: has no effect: the site's rules say "
            "bypass"}},
          {with("rules: {bypass: true}, paths: [{path: /x, bypass: false, freshness: 1h}]"), {}},
          {with("paths: [{path: \"*\"}, {path: /x}]"),
           {"3:98: error: sites[0].paths[1].path: never reached: paths[0] (\"*\") matches all of "
            "this before"}},
          {with("paths: [{path: /*}, {path: \"*.css\"}]"),
           {"3:97: error: sites[0].paths[1].path: never reached"}},
          {with("paths: [{path: /x}, {path: /x}]"),
           {"3:97: error: sites[0].paths[1].path: never reached"}},
          {with("paths: [{path: /x/*}, {path: /*}]"), {}},
          {with("rules: {ttl: 1h}"),
           {"3:78: error: sites[0].rules.ttl: unknown key; did you mean 'freshness'?"}},
          {with("paths: [{path: /x, ttl: 1h}]"),
           {"3:89: error: sites[0].paths[0].ttl: unknown key; did you mean 'freshness'?"}},
          {with("paths: [{bypass: true}]"),
           {"3:78: error: sites[0].paths[0].path: is missing; expected a path pattern"}},
          {with("paths: [{path: x}, {path: /x}]"),
           {"3:85: error: sites[0].paths[0].path: expected a path pattern"}},
          {with("paths: [{path: /x, frehsness: 1h}]"),
           {"3:89: error: sites[0].paths[0].frehsness: unknown key; did you mean 'freshness'?"}},
          {origin("health: {interval: 1s}"),
           {"3:60: error: sites[0].origin.health.path: is missing"}},
          {origin("health: {path: /h, timeout: 6s}"),
           {"3:88: error: sites[0].origin.health.timeout: expected a timeout of at most the "
            "interval (5s), found 6s"}},
          {origin("health: {path: /h, interval: 1s}"),
           {"3:89: error: sites[0].origin.health.interval: expected a timeout of at most the "
            "interval (1s), found 2s"}},
          {origin("tls: {server_name: x}"),
           {"3:60: warning: sites[0].origin.tls: has no effect: no server's URL begins with "
            "https://"}},
          {origin("tls: {ca: /nowhere.pem}"),
           {"3:70: error: sites[0].origin.tls.ca: \"/nowhere.pem\": cannot be read"}},
          {origin("header_bytes: 65KiB"),
           {"3:74: error: sites[0].origin.header_bytes: expected a size from 1KiB to 64KiB"}},
          {origin("balance: round-robin"),
           {"3:69: error: sites[0].origin.balance: expected one of round_robin, least_outstanding, "
            "found \"round-robin\"; did you mean round_robin?"}},
      },
      "");
}

TEST(ConfigBad, AllErrorsInFileOrderAndBounded) {
  std::string text = "sites: 1\nlisten: 2\nnode:\n  name: \"\"\n";
  for (int i = 0; i < 300; ++i)
    text += "unknown" + std::to_string(i) + ": 1\n";
  const LoadResult result = load_text(text, "f.yaml");
  ASSERT_EQ(result.diagnostics.size(), 101U);
  for (std::size_t i = 1; i < 100; ++i)
    EXPECT_LE(result.diagnostics[i - 1].line, result.diagnostics[i].line);
  EXPECT_EQ(result.diagnostics.back().message, "and 203 more; mend these first");
}

TEST(ConfigBad, Files) {
  const TestFolder folder;
  EXPECT_EQ(lines_of(load_file(folder.path("none.yaml"))),
            std::vector<std::string>{" error: cannot be read: No such file or directory"});
  EXPECT_EQ(lines_of(load_file(folder.path(""))),
            std::vector<std::string>{" error: cannot be read: it is a folder"});
  const std::string large = folder.write("large.yaml", std::string(2 * 1024 * 1024, ' '));
  EXPECT_EQ(lines_of(load_file(large)),
            std::vector<std::string>{" error: is larger than 1048576 bytes"});
}

}  // namespace
}  // namespace brink::config
