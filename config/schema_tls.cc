// The table of listen[].tls, which is that of admin.tls too.

#include <array>

#include "config/schema_binding.h"
#include "config/tls_options.h"

namespace brink::config {

namespace {

constexpr double kSecondMs = 1000;
constexpr double kHourMs = 3600 * kSecondMs;

constexpr std::array<std::string_view, 2> kVersions = {"1.2", "1.3"};
constexpr std::array<std::string_view, 3> kClientAuth = {"none", "optional", "required"};

constexpr Key kCertificateKeys[] = {
    leaf<&CertificateFiles::certificate>(
        "certificate", Type::File, "", "PEM file with the certificate, then the intermediate ones.")
        .also_called("cert crt ssl_certificate")
        .required(),
    leaf<&CertificateFiles::key>("key", Type::File, "", "PEM file with its private key.")
        .also_called("private_key ssl_certificate_key")
        .required(),
    leaf<&CertificateFiles::ocsp>("ocsp", Type::File, "",
                                  "DER file with the OCSP response to staple for it.")
        .also_called("ssl_stapling_file stapling"),
};

const Section kCertificateSection{kCertificateKeys, fresh<CertificateFiles>};

constexpr Key kTlsKeys[] = {
    leaf<&TlsOptions::certificate>("certificate", Type::File, "",
                                   "PEM file with the certificate, then the intermediate ones. A "
                                   "relative path starts at this file's folder.")
        .also_called("cert crt ssl_certificate"),
    leaf<&TlsOptions::key>(
        "key", Type::File, "",
        "PEM file with the private key, without a passphrase. It must fit the certificate.")
        .also_called("private_key ssl_certificate_key"),
    leaf<&TlsOptions::ocsp>("ocsp", Type::File, "",
                            "DER file with the OCSP response to staple for this certificate. One "
                            "that has expired or does not fit is left out.")
        .also_called("ssl_stapling_file stapling"),
    branch<&TlsOptions::certificates>(
        "certificates", Type::Maps, kCertificateSection,
        "Further certificates, chosen by the host name the client asks for and by what its "
        "signature algorithms allow. The first of all is for other names and for none.")
        .also_called("certs sni")
        .example_is("[{certificate: shop-ecdsa.pem, key: shop-ecdsa.key}, {certificate: "
                    "shop-rsa.pem, key: shop-rsa.key}]"),
    leaf<&TlsOptions::min_version>("min_version", Type::Choice, "1.2",
                                   "The oldest version of TLS that is spoken.")
        .also_called("ssl_protocols ssl-min-ver protocols")
        .among(kVersions),
    leaf<&TlsOptions::client_ca>(
        "client_ca", Type::File, "",
        "PEM file with the authorities that sign clients' certificates (mutual TLS).")
        .also_called("ca ssl_client_certificate ca-file"),
    leaf<&TlsOptions::client_auth>(
        "client_auth", Type::Choice, "none",
        "Whether clients are asked for a certificate. Optional: one that is shown must be good. "
        "Required: without a good one there is no connection.")
        .also_called("ssl_verify_client verify mtls")
        .among(kClientAuth),
    leaf<&TlsOptions::ticket_lifetime>(
        "ticket_lifetime", Type::Duration, "24h",
        "How long a client may resume its session, on any worker. The keys change every half of "
        "it. 0 turns resumption off.")
        .also_called("ssl_session_timeout session_timeout")
        .between(0, 7 * 24 * kHourMs),
    leaf<&TlsOptions::reload_every>(
        "reload_every", Type::Duration, "5s",
        "How often certificates, keys, authorities and OCSP responses are looked at; what has "
        "changed is taken over. 0: only when the configuration is reloaded.")
        .between(0, 24 * kHourMs),
};

}  // namespace

const Section kTlsSection{kTlsKeys, fresh<TlsOptions>};

}  // namespace brink::config
