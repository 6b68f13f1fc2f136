#pragma once
// A case after parsing: what the players of its parts carry out (README.md says what each means).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/runtime/clock.h"

namespace brink::tests::cases {

// Text that may hold ${now}, ${now+10s}, ${u1} …; expanded when it is used, since time moves.
struct Template {
  std::string text;
};

enum class Subject : std::uint8_t {
  Status,
  Reason,
  Version,
  Method,
  Target,
  Header,
  HeaderCount,
  Trailer,
  Body,
  BodySize,
  Interim,
  InterimHeader,
  Edge,
  Regional,
  Closed,
  Cut,
  Requests,
  Connections,
  Metric,
};

enum class Relation : std::uint8_t {
  Present,
  Absent,
  Equal,
  NotEqual,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual,
  Contains,
  Lacks,
  Matches,
};

// expect [no] SUBJECT [NAME] [RELATION VALUE]
struct Check {
  int line = 0;
  Subject subject = Subject::Status;
  std::string name;    // field, parameter, metric with labels
  std::string source;  // Requests, Connections: the upstream; Metric: "edge" or "regional"
  std::string method;  // Requests: only these; empty = all
  Relation relation = Relation::Present;
  Template value;
};

// One thing that happens while a message is being written, in order.
struct MessagePart {
  enum class Kind : std::uint8_t { Body, Raw, Trailer, Sync, Close, Reset, Silence };
  int line = 0;
  Kind kind = Kind::Body;
  Template text;  // Body, Raw: bytes; Trailer: the line; Sync: the barrier
};

struct Message {
  int line = 0;
  std::string first;  // method, or status code
  Template second;    // target, or reason phrase
  std::string version = "HTTP/1.1";
  std::vector<Template> fields;  // "Name: value"
  std::vector<MessagePart> parts;
  std::optional<std::uint64_t> length;  // a Content-Length of the author's own
  bool chunked = false;
  bool no_length = false;
  bool no_host = false;
};

struct Action;  // below

// What a client does on its connection.
struct ClientStep {
  enum class Kind : std::uint8_t {
    Send,
    Pipeline,
    Raw,
    Write,
    Receive,
    ReceiveHead,
    ReceiveInterim,
    ReceiveBody,
    Expect,
    ExpectClosed,
    Connect,
    Close,
    Reset,
    HalfClose,
    Sync,
    Repeat,
    Do,
  };
  int line = 0;
  Kind kind = Kind::Send;
  Message message;
  Check check;
  Template text;
  std::size_t count = 0;
  std::vector<ClientStep> steps;   // Repeat
  std::shared_ptr<Action> action;  // Do: an action of the case, from here
};

struct Client {
  int line = 0;
  std::string name;
  std::vector<ClientStep> steps;
};

// What a scripted upstream does with one request.
struct ExchangeStep {
  enum class Kind : std::uint8_t {
    Expect,
    Respond,
    Interim,
    Raw,
    Take,
    Sync,
    Close,
    Reset,
    Silence
  };
  int line = 0;
  Kind kind = Kind::Expect;
  Check check;
  Message message;
  Template text;
};

struct Exchange {
  int line = 0;
  std::string method;  // "*" = any
  std::string target;  // "*" = any
  bool early = false;  // answers without reading the request body first
  std::vector<ExchangeStep> steps;
};

struct UpstreamScript {
  int line = 0;
  std::string name;
  std::vector<Exchange> sequence;  // each once, in this order
  std::vector<Exchange> routes;    // any number of times
};

// A piece of configuration: where it goes, and its YAML.
struct ConfigPart {
  int line = 0;
  std::string section;  // "top", "node", "site", "origin", "sites"
  std::string role;     // "edge", "regional"; empty = both
  std::string yaml;
};

// A step of the case itself.
struct Action {
  enum class Kind : std::uint8_t {
    RunClients,
    Advance,
    Expect,
    Await,
    Reload,
    ReloadRefused,
    SignalReload,
    StopUpstream,
    StartUpstream,
    Sync,
    Purge,
    Version,
  };
  int line = 0;
  Kind kind = Kind::RunClients;
  std::string only_in;          // a setting ("single", "http1" …); empty = everywhere
  std::vector<Client> clients;  // more than one: at the same time
  Millis by{0};
  Check check;
  std::string name;             // Purge, Version: the node
  std::vector<Template> words;  // Purge: options, kind, values; Version: site, version, percent
  std::vector<ConfigPart> config;
};

struct CaseFile {
  std::string path;
  std::string title;
  std::string citation;
  std::vector<std::string> only;  // modes; empty = all
  std::vector<ConfigPart> config;
  std::vector<UpstreamScript> upstreams;
  std::vector<std::pair<std::string, std::size_t>> barriers;  // name, participants
  std::vector<Action> actions;
};

}  // namespace brink::tests::cases
