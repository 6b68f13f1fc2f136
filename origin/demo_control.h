#pragma once
// Handlers of the routes that show the origin from the inside: its routes and what it was asked.

#include "origin/demo_message.h"
#include "origin/demo_state.h"

namespace brink::origin {

DemoReply demo_requests(const DemoRequest&, DemoState&);  // GET, HEAD; DELETE starts again
DemoReply demo_requests_page(const DemoRequest&, DemoState&);
DemoReply demo_routes_page(const DemoRequest&, DemoState&);

// The table of routes as HTML: a section for each group.
std::string demo_routes_html();

}  // namespace brink::origin
