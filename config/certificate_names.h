#pragma once
// The host names of a certificate, and which hosts they cover (RFC 6125 §6.4).

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

namespace brink::config {

// DNS names of the subjectAltName in lower case, in its order; without any, the common name if that
// can be a host's. Names that no client can ask for (white space, NUL) are left out.
std::vector<std::string> host_names_of(const X509* certificate);

// Everything that a client's certificate may be known by: common name, then alternative names (DNS,
// e-mail, URI), as they are written.
std::vector<std::string> subject_names_of(const X509* certificate);

// Whether `name` ("shop.example.com", "*.example.com") covers `host` (lower case): the star is the
// whole left-most label and stands for exactly one.
bool name_covers(std::string_view name, std::string_view host);

// "ECDSA", "RSA", "Ed25519": of certificates for one name, a client gets the kind it can verify.
std::string_view key_kind_of(const X509* certificate);

}  // namespace brink::config
