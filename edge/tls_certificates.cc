#include "edge/tls_certificates.h"

#include <openssl/x509.h>

#include <algorithm>
#include <utility>

#include "config/certificate_names.h"
#include "config/certificates.h"
#include "config/ocsp_file.h"
#include "config/runtime/fields.h"

namespace brink::edge {

namespace {

constexpr std::size_t kHostBytes = 255;

// Null, with a sentence in `problem`, when the pair cannot be used.
std::shared_ptr<const TlsCertificate> load_one(const config::CertificateFiles& files, TimePoint now,
                                               std::vector<std::string>& warnings,
                                               std::string& problem) {
  config::CertificatePair pair = config::load_certificate_pair(files.certificate, files.key, now);
  for (const config::PemProblem& each : pair.problems) {
    const std::string& file = each.file == config::PemFile::Key ? files.key : files.certificate;
    const std::string text = file + ": " + each.message;
    if (each.severity == config::Severity::Error) {
      problem = text;
      return nullptr;
    }
    warnings.push_back(text);
  }
  auto loaded = std::make_shared<TlsCertificate>();
  loaded->files = files;
  const X509* leaf = pair.chain.certificates.front().get();
  loaded->names = config::host_names_of(leaf);
  loaded->kind = config::key_kind_of(leaf);
  loaded->not_after = config::time_of(X509_get0_notAfter(leaf));
  if (!files.ocsp.empty()) {
    config::OcspFile ocsp = config::read_ocsp_file(files.ocsp, pair.chain, now);
    if (!ocsp.problem.empty())
      warnings.push_back(files.ocsp + ": " + ocsp.problem + "; it is not stapled");
    loaded->ocsp = std::move(ocsp.der);
    loaded->ocsp_until = ocsp.until;
  }
  loaded->chain = std::move(pair.chain);
  loaded->key = std::move(pair.key);
  return loaded;
}

}  // namespace

LoadedCertificates load_certificates(const config::TlsOptions& options, TimePoint now,
                                     const TlsCertificates& previous) {
  LoadedCertificates out;
  for (const config::CertificateFiles& files : config::all_certificates(options)) {
    std::string problem;
    auto loaded = load_one(files, now, out.warnings, problem);
    if (!loaded) {
      const auto old = std::find_if(previous.begin(), previous.end(),
                                    [&](const auto& each) { return each->files == files; });
      if (old == previous.end()) {
        out.problem = problem;
        return out;
      }
      out.kept.push_back(problem);
      loaded = *old;
    }
    out.certificates.push_back(std::move(loaded));
  }
  if (out.certificates.empty()) out.problem = "no certificate is configured";
  return out;
}

TlsNames::TlsNames(const std::vector<Certificate>& certificates) {
  std::map<std::string, std::vector<std::size_t>> of_name;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    for (const std::string& name : certificates[i].names) {
      std::vector<std::size_t>& same = of_name[name];
      const bool has_kind = std::any_of(same.begin(), same.end(), [&](std::size_t other) {
        return certificates[other].kind == certificates[i].kind;
      });
      if (!has_kind) same.push_back(i);
    }
  }
  const std::vector<std::string>& first = certificates.front().names;
  groups_.push_back(first.empty() ? std::vector<std::size_t>{0} : of_name[first.front()]);
  std::map<std::vector<std::size_t>, std::size_t> known = {{groups_.front(), 0}};
  for (const auto& [name, group] : of_name) {
    const auto [it, is_new] = known.try_emplace(group, groups_.size());
    if (is_new) groups_.push_back(group);
    by_name_.emplace(name, it->second);
  }
}

std::size_t TlsNames::find(std::string_view host) const {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kHostBytes) return 0;
  std::string name(host);
  for (char& c : name)
    c = ascii_lower(c);
  if (name.front() != '*') {
    if (const auto it = by_name_.find(name); it != by_name_.end()) return it->second;
  }
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || dot == 0) return 0;
  const auto it = by_name_.find("*" + name.substr(dot));
  return it == by_name_.end() ? 0 : it->second;
}

}  // namespace brink::edge
