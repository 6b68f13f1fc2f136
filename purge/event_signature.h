#pragma once
// Whether a webhook's request was signed by somebody who has the secret. Pure; the time taken does
// not depend on how much of a signature is right.
//
// Sources: GitHub's "Validating webhook deliveries" (X-Hub-Signature-256: sha256=HEX, HMAC-SHA256
// of the body); the Standard Webhooks specification (HMAC-SHA256 of "ID.TIMESTAMP.BODY", base64
// behind "v1,", several with spaces between them; secrets as whsec_BASE64).

#include <string_view>

#include "config/event_options.h"
#include "config/runtime/clock.h"
#include "config/runtime/fields.h"

namespace brink::purge {

enum class SignatureCheck : std::uint8_t {
  Good,
  Missing,  // a field that the form needs is not there
  Wrong,
  TooOld,  // signed, but further from `now` than the tolerance: sent again by somebody else?
};

// An empty secret signs nothing.
SignatureCheck check_signature(const config::EventWebhookOptions& options, Fields fields,
                               std::string_view body, TimePoint now);

// What the sender calls this delivery, the same when it sends it again: webhook-id,
// X-GitHub-Delivery or Idempotency-Key. Empty when it says none.
std::string_view delivery_id(const config::EventWebhookOptions& options, Fields fields);

}  // namespace brink::purge
