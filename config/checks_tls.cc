// How listeners speak TLS: certificates against keys, names, sites, authorities and OCSP responses.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/certificate_names.h"
#include "config/checks.h"
#include "config/file_text.h"
#include "config/ocsp_file.h"

namespace brink::config {

namespace {

// One certificate of a listener, where its keys stand in the file.
struct Listed {
  CertificateFiles& files;
  std::string path;
};

void check_ocsp(const CheckContext& context, Listed& one, const Chain& chain) {
  if (one.files.ocsp.empty()) return;
  const OcspFile ocsp = read_ocsp_file(one.files.ocsp, chain, context.now);
  if (ocsp.problem.empty()) return;
  context.warning(child_path(one.path, "ocsp"),
                  fmt::format("{} {}; it is not stapled", quote(one.files.ocsp), ocsp.problem));
}

// Whether a client of this site could be shown the certificate.
bool is_of_site(const std::string& name, const std::string& host) {
  return host == "*" || name == host || name_covers(name, host) ||
         (host.starts_with("*.") && name.ends_with(host.substr(1)));
}

void check_hosts(const CheckContext& context, const std::string& path,
                 const std::vector<std::string>& names) {
  for (const SiteOptions& site : context.options.sites) {
    for (const std::string& host : site.hosts) {
      if (std::any_of(names.begin(), names.end(),
                      [&](const auto& name) { return is_of_site(name, host); }))
        return;
    }
  }
  std::string all;
  for (const std::string& name : names)
    all += (all.empty() ? "" : ", ") + quote(name);
  context.warning(child_path(path, "certificate"),
                  fmt::format("its names ({}) cover no site's host", all.empty() ? "none" : all));
}

// The pair of one certificate. Null when it cannot be used.
std::optional<CertificatePair> check_one(const CheckContext& context, Listed& one) {
  if (!one.files.ocsp.empty()) one.files.ocsp = resolve_beside(context.file, one.files.ocsp);
  CertificatePair pair =
      check_certificate_files(context, one.files.certificate, one.files.key, one.path);
  const bool is_bad = std::any_of(pair.problems.begin(), pair.problems.end(), [](const auto& each) {
    return each.severity == Severity::Error;
  });
  if (is_bad) return std::nullopt;
  return pair;
}

void check_certificates(const CheckContext& context, std::vector<Listed>& all, bool for_sites) {
  std::map<std::string, std::string> seen;  // name and kind of key → where
  for (Listed& one : all) {
    const auto pair = check_one(context, one);
    if (!pair) continue;
    const X509* leaf = pair->chain.certificates.front().get();
    const std::vector<std::string> names = host_names_of(leaf);
    check_ocsp(context, one, pair->chain);
    if (for_sites && context.findings.is_clean("sites")) check_hosts(context, one.path, names);
    for (const std::string& name : names) {
      const auto [first, is_new] =
          seen.try_emplace(fmt::format("{} {}", name, key_kind_of(leaf)), one.path);
      if (is_new) continue;
      context.warning(child_path(one.path, "certificate"),
                      fmt::format("{} is a name of {} too, with the same kind of key; clients get "
                                  "that one",
                                  quote(name), first->second));
    }
  }
}

void check_client_ca(const CheckContext& context, TlsOptions& tls, const std::string& path) {
  const std::string ca = child_path(path, "client_ca");
  const std::string auth = child_path(path, "client_auth");
  if (tls.client_auth != ClientAuth::None && tls.client_ca.empty()) {
    return context.error(auth, "needs client_ca, the authorities that sign clients' certificates");
  }
  if (tls.client_ca.empty()) return;
  tls.client_ca = resolve_beside(context.file, tls.client_ca);
  if (const std::string problem = problem_in_ca_file(tls.client_ca); !problem.empty()) {
    context.error(ca, fmt::format("{} {}", quote(tls.client_ca), problem));
  } else if (tls.client_auth == ClientAuth::None) {
    context.error(ca, "does nothing without client_auth; say client_auth: required, or optional");
  }
}

// Both keys or neither, and at least one certificate.
bool has_certificate(const CheckContext& context, const TlsOptions& tls, const std::string& path) {
  if (tls.certificate.empty() != tls.key.empty()) {
    context.error(child_path(path, tls.key.empty() ? "key" : "certificate"),
                  "is missing; expected a file's path");
    return false;
  }
  if (tls.certificate.empty() && tls.certificates.empty()) {
    context.error(path, "needs certificate and key, or certificates");
    return false;
  }
  if (tls.certificate.empty() && !tls.ocsp.empty()) {
    context.error(child_path(path, "ocsp"), "belongs into the list, beside its certificate");
    return false;
  }
  if (tls.certificates.size() > kCertificatesPerListener) {
    context.error(child_path(path, "certificates"),
                  fmt::format("expected at most {}", kCertificatesPerListener));
    return false;
  }
  return true;
}

}  // namespace

void check_tls(const CheckContext& context, TlsOptions& tls, const std::string& path,
               bool for_sites) {
  if (!context.findings.is_clean(path) || !has_certificate(context, tls, path)) return;
  CertificateFiles first{tls.certificate, tls.key, tls.ocsp};
  std::vector<Listed> all;
  if (!tls.certificate.empty()) all.push_back({first, path});
  for (std::size_t i = 0; i < tls.certificates.size(); ++i) {
    all.push_back({tls.certificates[i], item_path(child_path(path, "certificates"), i)});
  }
  check_certificates(context, all, for_sites);
  tls.certificate = first.certificate;
  tls.key = first.key;
  tls.ocsp = first.ocsp;
  check_client_ca(context, tls, path);
}

}  // namespace brink::config
