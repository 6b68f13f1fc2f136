#pragma once
// Handlers of the routes for trying and testing a cache: groups Cacheability and Trouble of the
// table in demo_routes.cc, which says what each does. A parameter that makes no sense is answered
// with 400.

#include "origin/demo_message.h"
#include "origin/demo_state.h"

namespace brink::origin {

DemoReply demo_now(const DemoRequest&, DemoState&);
DemoReply demo_random(const DemoRequest&, DemoState&);
DemoReply demo_bytes(const DemoRequest&, DemoState&);
DemoReply demo_vary_language(const DemoRequest&, DemoState&);
DemoReply demo_vary_encoding(const DemoRequest&, DemoState&);
DemoReply demo_cookie(const DemoRequest&, DemoState&);
DemoReply demo_private(const DemoRequest&, DemoState&);
DemoReply demo_no_store(const DemoRequest&, DemoState&);
DemoReply demo_redirect(const DemoRequest&, DemoState&);
DemoReply demo_status(const DemoRequest&, DemoState&);
DemoReply demo_early_hints_page(const DemoRequest&, DemoState&);
DemoReply demo_version(const DemoRequest&, DemoState&);

DemoReply demo_slow(const DemoRequest&, DemoState&);
DemoReply demo_drip(const DemoRequest&, DemoState&);
DemoReply demo_fail(const DemoRequest&, DemoState&);
DemoReply demo_reset(const DemoRequest&, DemoState&);
DemoReply demo_cut(const DemoRequest&, DemoState&);
DemoReply demo_garbage(const DemoRequest&, DemoState&);
DemoReply demo_headers(const DemoRequest&, DemoState&);
DemoReply demo_echo(const DemoRequest&, DemoState&);
DemoReply demo_upgrade(const DemoRequest&, DemoState&);

// text/plain with this Cache-Control (none when empty).
DemoReply demo_text(std::string text, std::string_view cache_control);
DemoReply demo_bad_request(std::string_view text);

}  // namespace brink::origin
