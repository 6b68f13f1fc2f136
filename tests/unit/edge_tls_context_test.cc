// A listener's TLS contexts against clients of all kinds, in memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/tls_context.h"
#include "tests/unit/tls_handshake.h"

namespace brink::edge {
namespace {

using config::ClientAuth;
using test::ClientOptions;
using test::make;
using test::shake;
using ::testing::HasSubstr;

class TlsContext : public ::testing::Test {
 protected:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  config::CertificateFiles files(const std::string& name, const test::Made& made,
                                 const std::string& ocsp = "") const {
    return {folder_.write(name + ".pem", made.pem()), folder_.write(name + ".key", made.key_pem()),
            ocsp};
  }
  Context context(const config::TlsOptions& options, const std::string& scope = "127.0.0.1:8443",
                  bool http2 = true) {
    report_ = {};
    Context out = make_tls_context({options, scope, http2}, shared_, report_);
    EXPECT_NE(out, nullptr) << report_.problem;
    return out;
  }
  static test::Shaken ask(const Context& context, const ClientOptions& options = {}) {
    return shake(context->native_handle(), options);
  }
  // Whether a session begun at `first` is resumed at `second`.
  static bool resumes(const Context& first, const Context& second, ClientOptions client) {
    const test::Shaken begun = ask(first, client);
    EXPECT_TRUE(begun.done);
    EXPECT_TRUE(begun.session != nullptr);
    client.session = begun.session;
    const test::Shaken again = ask(second, client);
    EXPECT_TRUE(again.done);
    return again.resumed;
  }

  test::CertificateFolder folder_;
  // OpenSSL looks at the machine's clock for a session's age: this one begins there.
  VirtualClock clock_{SystemClock().now()};
  MetricsRegistry registry_;
  TlsTickets tickets_{clock_, Seconds{3600}};
  TlsMetrics metrics_{registry_};
  TlsShared shared_{clock_, tickets_, metrics_};
  TlsReport report_;
  const test::Made authority_ = make({.common_name = "CA", .authority = true});
  const test::Made first_ = make({.common_name = "first", .names = "DNS:first.test"});
};

TEST_F(TlsContext, TheNameChoosesTheCertificate) {
  config::TlsOptions options;
  options.certificates = {
      files("first", first_),
      files("wild", make({.common_name = "wild", .names = "DNS:*.shop.test"})),
      files("exact", make({.common_name = "exact", .names = "DNS:a.shop.test"}))};
  const Context all = context(options);
  struct Row {
    const char* host;
    const char* certificate;
  };
  for (const Row& row : {Row{"first.test", "first"},
                         {"FIRST.test", "first"},
                         {"a.shop.test", "exact"},
                         {"b.shop.test", "wild"},
                         {"A.B.shop.test", "first"},
                         {"shop.test", "first"},
                         {"unknown.test", "first"},
                         {"", "first"}}) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      EXPECT_EQ(ask(all, {.host = row.host, .version = version}).certificate, row.certificate)
          << row.host;
    }
  }
}

TEST_F(TlsContext, TheClientsSignaturesChooseTheKey) {
  const test::Made rsa = make({.common_name = "rsa", .names = "DNS:first.test", .rsa = true});
  config::TlsOptions options;
  options.certificates = {files("rsa", rsa), files("ecdsa", first_)};
  const Context both = context(options);
  for (const char* host : {"first.test", "", "other.test"}) {
    EXPECT_EQ(ask(both, {.host = host}).certificate, "first");
    EXPECT_EQ(ask(both, {.host = host, .signatures = "RSA-PSS+SHA256:RSA+SHA256"}).certificate,
              "rsa");
    EXPECT_EQ(ask(both, {.host = host, .version = TLS1_2_VERSION}).certificate, "first");
    EXPECT_EQ(
        ask(both,
            {.host = host, .version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"})
            .certificate,
        "rsa");
  }
  config::TlsOptions only = {};
  only.certificates = {files("ecdsa", first_)};
  const test::Shaken none = ask(context(only), {.signatures = "RSA-PSS+SHA256:RSA+SHA256"});
  EXPECT_FALSE(none.done);
  EXPECT_EQ(tls_failure_of(none.server_error), TlsFailure::NoSharedCipher);
}

TEST_F(TlsContext, VersionsAndCiphers) {
  config::TlsOptions options;
  options.certificates = {
      files("first", first_),
      files("rsa", make({.common_name = "rsa", .names = "DNS:first.test", .rsa = true}))};
  const Context both = context(options);
  EXPECT_EQ(ask(both).version, TLS1_3_VERSION);
  EXPECT_EQ(ask(both, {.version = TLS1_2_VERSION}).cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    const test::Shaken old = ask(both, {.version = version, .ciphers = "ALL:@SECLEVEL=0"});
    EXPECT_FALSE(old.done);
    EXPECT_EQ(tls_failure_of(old.server_error), TlsFailure::Version);
  }
  for (const char* weak : {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
                           "AES256-SHA", "DHE-RSA-AES128-GCM-SHA256", "AECDH-AES128-SHA"}) {
    const test::Shaken refused = ask(both, {.version = TLS1_2_VERSION, .ciphers = weak});
    EXPECT_FALSE(refused.done) << weak;
    EXPECT_EQ(tls_failure_of(refused.server_error), TlsFailure::NoSharedCipher) << weak;
  }
  EXPECT_FALSE(ask(both, {.groups = "P-521"}).done);
  options.min_version = config::TlsVersion::Tls13;
  EXPECT_FALSE(ask(context(options), {.version = TLS1_2_VERSION}).done);
  EXPECT_TRUE(ask(context(options)).done);
}

TEST_F(TlsContext, ChaChaForClientsThatPreferIt) {
  config::TlsOptions options;
  options.certificates = {files("first", first_)};
  const Context one = context(options);
  EXPECT_EQ(
      ask(one,
          {.ciphers = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"})
          .cipher,
      "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(ask(one, {.ciphers = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"}).cipher,
            "TLS_CHACHA20_POLY1305_SHA256");
}

TEST_F(TlsContext, AlpnOffersWhatTheListenerSpeaks) {
  config::TlsOptions options;
  options.certificates = {
      files("first", first_),
      files("other", make({.common_name = "other", .names = "DNS:other.test"}))};
  for (const char* host : {"first.test", "other.test"}) {
    EXPECT_EQ(ask(context(options), {.host = host}).alpn, "h2");
    EXPECT_EQ(ask(context(options, "a", false), {.host = host}).alpn, "http/1.1");
  }
}

TEST_F(TlsContext, ATicketIsGoodOnEveryContextWithTheSameCertificates) {
  config::TlsOptions options;
  options.certificates = {
      files("first", first_),
      files("other", make({.common_name = "other", .names = "DNS:other.test"}))};
  const Context here = context(options, "127.0.0.1:8443");
  const Context there = context(options, "127.0.0.1:9443");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* host : {"first.test", "other.test"}) {
      EXPECT_TRUE(resumes(here, here, {.host = host, .version = version}));
      EXPECT_TRUE(resumes(here, there, {.host = host, .version = version}));
    }
  }
}

TEST_F(TlsContext, ATicketIsNotGoodForAnotherCertificate) {
  config::TlsOptions options;
  options.certificates = {
      files("first", first_),
      files("other", make({.common_name = "other", .names = "DNS:other.test"}))};
  const Context all = context(options);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const test::Shaken begun = ask(all, {.host = "first.test", .version = version});
    const test::Shaken elsewhere =
        ask(all, {.host = "other.test", .version = version, .session = begun.session});
    EXPECT_TRUE(elsewhere.done);
    EXPECT_FALSE(elsewhere.resumed);
    EXPECT_EQ(elsewhere.certificate, "other");
  }
}

TEST_F(TlsContext, ClientCertificates) {
  const test::Made client = make({.common_name = "client", .issuer = &authority_});
  const test::Made impostor = make({.common_name = "client"});
  config::TlsOptions options;
  options.certificates = {
      files("first", first_),
      files("other", make({.common_name = "other", .names = "DNS:other.test"}))};
  options.client_ca = folder_.write("ca.pem", authority_.pem());
  options.client_auth = ClientAuth::Required;
  const Context required = context(options);
  options.client_auth = ClientAuth::Optional;
  const Context optional = context(options);
  for (const char* host : {"first.test", "other.test"}) {
    EXPECT_TRUE(ask(required, {.host = host, .certificate = &client}).done);
    EXPECT_TRUE(ask(optional, {.host = host}).done);
    for (const Context& each : {required, optional}) {
      const test::Shaken bad = ask(each, {.host = host, .certificate = &impostor});
      EXPECT_FALSE(bad.done);
      EXPECT_EQ(tls_failure_of(bad.server_error), TlsFailure::ClientCertificate);
    }
    const test::Shaken none = ask(required, {.host = host});
    EXPECT_FALSE(none.done);
    EXPECT_EQ(tls_failure_of(none.server_error), TlsFailure::ClientCertificate);
  }
}

TEST_F(TlsContext, ATicketOfAClientWithCertificateStaysOnItsListener) {
  const test::Made client = make({.common_name = "client", .issuer = &authority_});
  const test::Made foreign = make({.common_name = "CA 2", .authority = true});
  config::TlsOptions options;
  options.certificates = {files("first", first_)};
  const Context open = context(options);
  options.client_ca = folder_.write("ca.pem", authority_.pem());
  options.client_auth = ClientAuth::Optional;
  const Context optional = context(options, "a:1");
  options.client_auth = ClientAuth::Required;
  const Context here = context(options, "a:1");
  const Context there = context(options, "a:2");
  options.client_ca = folder_.write("ca2.pem", authority_.pem() + foreign.pem());
  const Context wider = context(options, "a:1");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const ClientOptions asked{.version = version, .certificate = &client};
    EXPECT_TRUE(resumes(here, here, asked));
    EXPECT_FALSE(resumes(here, there, asked));
    EXPECT_FALSE(resumes(here, wider, asked));
    EXPECT_FALSE(resumes(optional, here, asked));
    EXPECT_FALSE(resumes(open, here, asked));
    EXPECT_FALSE(resumes(here, open, asked));
    // Who was let in without a certificate is asked for one where it is required.
    const test::Shaken begun = ask(open, {.version = version});
    EXPECT_FALSE(ask(here, {.version = version, .session = begun.session}).done);
  }
}

TEST_F(TlsContext, ATicketEndsWithTheClientsCertificate) {
  const test::Made client =
      make({.common_name = "client", .issuer = &authority_, .ends_in_s = 600});
  config::TlsOptions options;
  options.certificates = {files("first", first_)};
  options.client_ca = folder_.write("ca.pem", authority_.pem());
  options.client_auth = ClientAuth::Required;
  const Context here = context(options);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const test::Shaken begun = ask(here, {.version = version, .certificate = &client});
    EXPECT_TRUE(
        ask(here, {.version = version, .certificate = &client, .session = begun.session}).resumed);
    VirtualClock later{clock_.now() + Seconds{601}};
    const TlsShared shared{later, tickets_, metrics_};
    const Context then = make_tls_context({options, "127.0.0.1:8443", true}, shared, report_);
    EXPECT_FALSE(
        ask(then, {.version = version, .certificate = &client, .session = begun.session}).resumed);
  }
}

TEST_F(TlsContext, ATicketEndsWithItsKey) {
  config::TlsOptions options;
  options.certificates = {files("first", first_)};
  const Context here = context(options);
  const test::Shaken begun = ask(here);
  clock_.advance(Seconds{1800});
  EXPECT_TRUE(ask(here, {.session = begun.session}).resumed);  // by the previous key
  clock_.advance(Seconds{1800});
  EXPECT_FALSE(ask(here, {.session = begun.session}).resumed);
  options.ticket_lifetime = Millis{0};
  const Context none = context(options);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const test::Shaken first = ask(none, {.version = version});
    EXPECT_TRUE(first.done);
    EXPECT_FALSE(first.session &&
                 ask(none, {.version = version, .session = first.session}).resumed);
  }
}

TEST_F(TlsContext, NoEarlyData) {
  config::TlsOptions options;
  options.certificates = {files("first", first_)};
  const test::Shaken begun = ask(context(options));
  ASSERT_NE(begun.session, nullptr);
  EXPECT_EQ(SSL_SESSION_get_max_early_data(begun.session.get()), 0U);
}

TEST_F(TlsContext, StaplesOfTheCertificateThatIsShown) {
  const test::Made ecdsa = make({.common_name = "e", .names = "DNS:a.test", .issuer = &authority_});
  const test::Made rsa =
      make({.common_name = "r", .names = "DNS:a.test", .rsa = true, .issuer = &authority_});
  const std::string der = make_ocsp(rsa, authority_, authority_, {.until_s = 3600});
  config::TlsOptions options;
  options.certificates = {files("e", ecdsa), files("r", rsa, folder_.write("r.der", der))};
  const Context both = context(options);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const ClientOptions rsa_only{
        .version = version, .signatures = "RSA-PSS+SHA256:RSA+SHA256", .asks_for_status = true};
    EXPECT_EQ(ask(both, rsa_only).ocsp, der);
    EXPECT_EQ(ask(both, {.version = version, .asks_for_status = true}).ocsp, "");
    EXPECT_EQ(ask(both, {.version = version, .signatures = "RSA-PSS+SHA256:RSA+SHA256"}).ocsp, "");
  }
  clock_.advance(Seconds{4000});
  const test::Shaken late = ask(both, {.signatures = "RSA-PSS+SHA256", .asks_for_status = true});
  EXPECT_TRUE(late.done);
  EXPECT_EQ(late.ocsp, "");
  options.certificates = {files("e", ecdsa, folder_.path("r.der"))};
  EXPECT_TRUE(ask(context(options), {.asks_for_status = true}).done);
  ASSERT_EQ(report_.warnings.size(), 1U);
  EXPECT_THAT(report_.warnings[0], HasSubstr("is about another certificate; it is not stapled"));
}

TEST_F(TlsContext, FilesThatCannotBeUsedAreNamed) {
  config::TlsOptions options;
  options.certificates = {files("first", first_)};
  options.certificates[0].key = files("other", make({.common_name = "other"})).key;
  EXPECT_EQ(make_tls_context({options, "a", true}, shared_, report_), nullptr);
  EXPECT_THAT(report_.problem, HasSubstr("other.key: the key does not belong to the certificate"));
  options.certificates[0].key = folder_.path("first.key");
  options.client_auth = ClientAuth::Required;
  options.client_ca = folder_.path("none.pem");
  EXPECT_EQ(make_tls_context({options, "a", true}, shared_, report_), nullptr);
  EXPECT_THAT(report_.problem, HasSubstr("none.pem: cannot be read"));
}

TEST_F(TlsContext, HandshakesAreCounted) {
  config::TlsOptions options;
  options.certificates = {files("first", first_)};
  const Context here = context(options);
  const test::Shaken begun = ask(here);
  count_handshake_done(begun.server.get());
  const test::Shaken again = ask(here, {.session = begun.session});
  count_handshake_done(again.server.get());
  const test::Shaken failed = ask(here, {.version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"});
  count_handshake_failed(failed.server.get(), tls_failure_of(failed.server_error));
  const std::string name = "brink_edge_tls_handshakes_total";
  EXPECT_EQ(registry_.total(name, {{"version", "1.3"}, {"resumed", "no"}}), 1);
  EXPECT_EQ(registry_.total(name, {{"version", "1.3"}, {"resumed", "yes"}}), 1);
  EXPECT_EQ(registry_.total(name, {{"result", "failed"}}), 1);
  EXPECT_EQ(registry_.total("brink_edge_tls_handshake_failures_total", {{"reason", "version"}}), 1);
}

}  // namespace
}  // namespace brink::edge
