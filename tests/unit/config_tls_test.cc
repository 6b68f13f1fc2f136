// listen[].tls and admin.tls: what the loader says of certificates, names, authorities and OCSP
// responses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/certificate_names.h"
#include "config/ocsp_file.h"
#include "config_support.h"
#include "tests/unit/tls_certificates.h"

namespace brink::config {
namespace {

using test::make;
using test::make_ocsp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr long kDayS = 24 * 3600;

// Certificates of their own for a site "shop.test", and the loader's words about a listener.
class ConfigTls : public ::testing::Test {
 protected:
  std::string pair(const std::string& name, const test::Made& made) const {
    return "certificate: " + folder_.write(name + ".pem", made.pem()) +
           ", key: " + folder_.write(name + ".key", made.key_pem());
  }
  static std::vector<std::string> load(const std::string& tls, const std::string& rest = "") {
    return lines_of(load_text("listen:\n  - address: 127.0.0.1:0\n    tls: {" + tls +
                                  "}\nsites: [{name: shop, hosts: [shop.test, \"*.shop.test\"], "
                                  "origin: {servers: [\"http://10.0.0.1:80\"]}}]\n" +
                                  rest,
                              "x.yaml"));
  }
  static void expect_one(const std::vector<std::string>& lines, const std::string& part) {
    ASSERT_EQ(lines.size(), 1U) << part << ::testing::PrintToString(lines);
    EXPECT_THAT(lines[0], HasSubstr(part));
  }

  const test::CertificateFolder folder_;
  const test::Made authority_ = make({.common_name = "CA", .authority = true});
  const test::Made good_ = make({.names = "DNS:shop.test", .issuer = &authority_});
};

TEST_F(ConfigTls, OnePairOrAListOrBoth) {
  const std::string one = pair("one", good_);
  const test::Made other = make({.names = "DNS:*.shop.test", .rsa = true});
  const std::string list = "certificates: [{" + pair("two", other) + "}]";
  EXPECT_THAT(load(one), IsEmpty());
  EXPECT_THAT(load(list), IsEmpty());
  EXPECT_THAT(load(one + ", " + list), IsEmpty());
  expect_one(load("min_version: \"1.3\""),
             "listen[0].tls: needs certificate and key, or certificates");
  expect_one(load("key: x.key"), "listen[0].tls.certificate: is missing; expected a file's path");
  expect_one(load("ocsp: x.der, " + list), "listen[0].tls.ocsp: belongs into the list");
}

TEST_F(ConfigTls, EachOfTheListIsNamed) {
  const std::string one = pair("one", good_);
  expect_one(load(one + ", certificates: [{certificate: /nowhere/c.pem, key: " +
                  folder_.path("one.key") + "}]"),
             "listen[0].tls.certificates[0].certificate: \"/nowhere/c.pem\": cannot be read");
  const test::Made old = make({.names = "DNS:shop.test", .rsa = true, .ends_in_s = -60});
  expect_one(load(one + ", certificates: [{" + pair("old", old) + "}]"),
             "listen[0].tls.certificates[0].certificate: \"" + folder_.path("old.pem") +
                 "\": the certificate expired on ");
  const test::Made soon = make({.names = "DNS:shop.test", .rsa = true, .ends_in_s = 5 * kDayS});
  expect_one(load(one + ", certificates: [{" + pair("soon", soon) + "}]"),
             "warning: listen[0].tls.certificates[0].certificate: ");
}

TEST_F(ConfigTls, NamesThatCoverNoSite) {
  const test::Made foreign = make({.names = "DNS:a.example,DNS:b.shop.test.example"});
  expect_one(load(pair("foreign", foreign)),
             "warning: listen[0].tls.certificate: its names (\"a.example\", "
             "\"b.shop.test.example\") cover no site's host");
  const test::Made by_name = make({.common_name = "shop.test"});  // without alternative names
  EXPECT_THAT(load(pair("cn", by_name)), IsEmpty());
  const test::Made part = make({.names = "DNS:de.shop.test"});  // one of *.shop.test
  EXPECT_THAT(load(pair("part", part)), IsEmpty());
}

TEST_F(ConfigTls, NamesThatStandTwice) {
  const test::Made twin = make({.names = "DNS:shop.test"});
  expect_one(load(pair("one", good_) + ", certificates: [{" + pair("twin", twin) + "}]"),
             "\"shop.test\" is a name of listen[0].tls too, with the same kind of key");
  const test::Made rsa = make({.names = "DNS:shop.test", .rsa = true});
  EXPECT_THAT(load(pair("one", good_) + ", certificates: [{" + pair("rsa", rsa) + "}]"), IsEmpty());
}

TEST_F(ConfigTls, ClientAuthorities) {
  const std::string one = pair("one", good_) + ", ";
  const std::string ca = "client_ca: " + folder_.write("ca.pem", authority_.pem());
  EXPECT_THAT(load(one + ca + ", client_auth: required"), IsEmpty());
  expect_one(load(one + ca), "listen[0].tls.client_ca: does nothing without client_auth");
  expect_one(load(one + "client_auth: optional"), "listen[0].tls.client_auth: needs client_ca");
  expect_one(load(one + "client_auth: required, client_ca: /nowhere/ca.pem"),
             "listen[0].tls.client_ca: \"/nowhere/ca.pem\" cannot be read: No such file");
  expect_one(load(one + "client_auth: required, client_ca: " + folder_.path("one.key")),
             "holds no certificate");
}

TEST_F(ConfigTls, OcspThatDoesNotFitIsAWarning) {
  const std::string one = pair("one", good_) + ", ocsp: ";
  EXPECT_THAT(load(one + folder_.write("good.der", make_ocsp(good_, authority_, authority_))),
              IsEmpty());
  expect_one(load(one + folder_.write("old.der", make_ocsp(good_, authority_, authority_,
                                                           {.from_s = -7200, .until_s = -3600}))),
             "warning: listen[0].tls.ocsp: ");
  expect_one(load(one + "/nowhere/o.der"),
             "cannot be read: No such file or directory; it is not stapled");
}

TEST_F(ConfigTls, OcspFiles) {
  Chain chain = read_chain(folder_.write("chain.pem", good_.pem() + authority_.pem()));
  const TimePoint now = SystemClock().now();
  const auto judge = [&](const std::string& der) {
    return read_ocsp_file(folder_.write("o.der", der), chain, now).problem;
  };
  EXPECT_EQ(judge(make_ocsp(good_, authority_, authority_)), "");
  const OcspFile good = read_ocsp_file(folder_.path("o.der"), chain, now);
  EXPECT_EQ(good.der, make_ocsp(good_, authority_, authority_).empty() ? "" : good.der);
  EXPECT_NEAR(static_cast<double>((good.until - now).count()), kDayS * 1000.0, 60'000.0);
  const test::Made other = make({.names = "DNS:shop.test", .issuer = &authority_});
  EXPECT_EQ(judge(make_ocsp(other, authority_, authority_)), "is about another certificate");
  const test::Made impostor = make({.common_name = "CA", .authority = true});
  EXPECT_THAT(judge(make_ocsp(good_, authority_, impostor)), HasSubstr("is not signed by"));
  EXPECT_THAT(judge(make_ocsp(good_, authority_, authority_, {.from_s = -7200, .until_s = -3600})),
              HasSubstr("expired on"));
  EXPECT_EQ(judge(make_ocsp(good_, authority_, authority_, {.from_s = 7200, .until_s = 9000})),
            "is not valid yet");
  EXPECT_EQ(judge(make_ocsp(good_, authority_, authority_, {.status = V_OCSP_CERTSTATUS_REVOKED})),
            "says that the certificate is revoked");
  EXPECT_THAT(judge("hello"), HasSubstr("is no OCSP response in DER"));
  EXPECT_THAT(judge(""), HasSubstr("is no OCSP response in DER"));
  chain.certificates.pop_back();  // without the issuer: by its number
  EXPECT_EQ(judge(make_ocsp(good_, authority_, authority_)), "");
  EXPECT_EQ(judge(make_ocsp(other, authority_, authority_)), "is about another certificate");
}

TEST_F(ConfigTls, AdminCertificates) {
  const std::string tls = "tls: {" + pair("admin", good_) + ", client_auth: required, client_ca: " +
                          folder_.write("ca.pem", authority_.pem()) + "}";
  const std::string who =
      "client_certificates: [{name: deploy, subject: deploy.test, may: [purge]}]";
  const auto admin = [&](const std::string& keys) {
    return load(pair("one", good_), "admin: {address: \"0.0.0.0:9901\", " + keys + "}\n");
  };
  EXPECT_THAT(admin(tls + ", " + who), IsEmpty());
  expect_one(admin(tls),
             "can be reached from other machines, so admin.tokens or "
             "admin.client_certificates is required");
  expect_one(admin(who), "admin.client_certificates: needs admin.tls with client_ca");
  expect_one(admin(tls + ", client_certificates: [{name: a, subject: x, may: [read]}, {name: b, "
                         "subject: x, may: [purge]}]"),
             "\"x\" is the subject of admin.client_certificates[0] already");
  expect_one(admin(tls + ", client_certificates: [{name: a, subject: x, may: [read], sites: "
                         "[nowhere]}]"),
             "no site is named \"nowhere\"");
}

TEST(CertificateNames, AlternativeNamesThenTheCommonName) {
  const auto names = [](const test::Made& made) { return host_names_of(made.certificate.get()); };
  EXPECT_THAT(
      names(make({.common_name = "cn.test", .names = "DNS:A.test,DNS:*.b.test,DNS:a.TEST"})),
      ElementsAre("a.test", "*.b.test"));
  EXPECT_THAT(names(make({.common_name = "CN.test"})), ElementsAre("cn.test"));
  EXPECT_THAT(names(make({.common_name = "cn.test", .names = "email:a@b.test"})),
              ElementsAre("cn.test"));
  EXPECT_THAT(names(make({.common_name = "Two Words"})), IsEmpty());
  EXPECT_THAT(subject_names_of(make({.common_name = "ops",
                                     .names = "DNS:a.test,email:a@b.test,URI:spiffe://x/y"})
                                   .certificate.get()),
              ElementsAre("ops", "a.test", "a@b.test", "spiffe://x/y"));
}

TEST(CertificateNames, AWildcardIsOneLabel) {  // RFC 6125 §6.4.3
  EXPECT_TRUE(name_covers("a.test", "a.test"));
  EXPECT_FALSE(name_covers("a.test", "b.a.test"));
  EXPECT_TRUE(name_covers("*.a.test", "b.a.test"));
  EXPECT_FALSE(name_covers("*.a.test", "c.b.a.test"));
  EXPECT_FALSE(name_covers("*.a.test", "a.test"));
  EXPECT_FALSE(name_covers("*.a.test", ".a.test"));
  EXPECT_FALSE(name_covers("f*.a.test", "foo.a.test"));
}

}  // namespace
}  // namespace brink::config
