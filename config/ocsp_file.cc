#include "config/ocsp_file.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>

#include <optional>

#include "config/file_text.h"

namespace brink::config {

namespace {

using Response = std::unique_ptr<OCSP_RESPONSE, Freer<OCSP_RESPONSE_free>>;
using Basic = std::unique_ptr<OCSP_BASICRESP, Freer<OCSP_BASICRESP_free>>;
using CertificateId = std::unique_ptr<OCSP_CERTID, Freer<OCSP_CERTID_free>>;
using Store = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
constexpr Seconds kWithoutEnd{7LL * 24 * 3600};
constexpr Seconds kSkew{300};  // a responder's clock may be ahead of ours by so much

// The certificate's own entry. Without the issuer at hand only its number can be compared.
OCSP_SINGLERESP* entry_of(OCSP_BASICRESP* basic, X509* leaf, X509* issuer) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* entry = OCSP_resp_get0(basic, i);
    const OCSP_CERTID* id = OCSP_SINGLERESP_get0_id(entry);
    ASN1_INTEGER* serial = nullptr;
    ASN1_OBJECT* digest = nullptr;
    OCSP_id_get0_info(nullptr, &digest, nullptr, &serial, const_cast<OCSP_CERTID*>(id));
    if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) != 0) continue;
    if (issuer == nullptr) return entry;
    const CertificateId ours(OCSP_cert_to_id(EVP_get_digestbyobj(digest), leaf, issuer));
    if (ours && OCSP_id_cmp(ours.get(), id) == 0) return entry;
  }
  return nullptr;
}

// By the issuer or by a responder that it has appointed.
bool is_signed_by(OCSP_BASICRESP* basic, X509* issuer) {
  const Store store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), issuer);
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
  STACK_OF(X509)* candidates = sk_X509_new_null();
  sk_X509_push(candidates, issuer);
  const bool is_good = OCSP_basic_verify(basic, candidates, store.get(), 0) == 1;
  sk_X509_free(candidates);
  ERR_clear_error();
  return is_good;
}

std::string problem_in_times(OCSP_SINGLERESP* entry, TimePoint now, TimePoint& until) {
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* next = nullptr;
  const int status = OCSP_single_get0_status(entry, nullptr, nullptr, &from, &next);
  if (status != V_OCSP_CERTSTATUS_GOOD) {
    return fmt::format("says that the certificate is {}", OCSP_cert_status_str(status));
  }
  if (from == nullptr || time_of(from) > now + kSkew) return "is not valid yet";
  until = next == nullptr ? time_of(from) + kWithoutEnd : time_of(next);
  if (until <= now) {
    return next == nullptr ? "is older than a week and names no end"
                           : fmt::format("expired on {}; fetch a new one", date_of(next));
  }
  return {};
}

std::string problem_in_response(OCSP_RESPONSE* response, const Chain& chain, TimePoint now,
                                TimePoint& until) {
  const int status = OCSP_response_status(response);
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return fmt::format("holds the responder's refusal ({})", OCSP_response_status_str(status));
  }
  const Basic basic(OCSP_response_get1_basic(response));
  if (!basic) return "holds no basic OCSP response";
  X509* leaf = chain.certificates.front().get();
  X509* issuer = chain.certificates.size() > 1 ? chain.certificates[1].get() : nullptr;
  OCSP_SINGLERESP* entry = entry_of(basic.get(), leaf, issuer);
  if (entry == nullptr) return "is about another certificate";
  if (issuer != nullptr && !is_signed_by(basic.get(), issuer)) {
    return "is not signed by the certificate's issuer (the chain's second certificate)";
  }
  return problem_in_times(entry, now, until);
}

}  // namespace

OcspFile read_ocsp_file(const std::string& path, const Chain& chain, TimePoint now) {
  OcspFile out;
  FileText file = read_file(path, /*only_regular=*/true);
  if (!file.problem.empty()) {
    out.problem = std::move(file.problem);
    return out;
  }
  const auto* data = reinterpret_cast<const unsigned char*>(file.text.data());
  const Response response(d2i_OCSP_RESPONSE(nullptr, &data, static_cast<long>(file.text.size())));
  ERR_clear_error();
  out.problem = response ? problem_in_response(response.get(), chain, now, out.until)
                         : "is no OCSP response in DER; write one with: openssl ocsp -respout";
  ERR_clear_error();
  if (out.problem.empty()) out.der = std::move(file.text);
  return out;
}

}  // namespace brink::config
