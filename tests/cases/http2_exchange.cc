// ClientExchange over HTTP/2: every request a stream of its own; what is pipelined runs at the same
// time.

#include <algorithm>
#include <array>
#include <deque>

#include "config/runtime/fields.h"
#include "tests/cases/client_exchange.h"
#include "tests/support/http2_client.h"

namespace brink::tests::cases {
namespace {

using Fields = Http2Client::Fields;

// Of the lines that a request gets for HTTP/1.1, those that mean the connection.
bool is_dropped(std::string_view name) {
  return iequals(name, "Transfer-Encoding") || iequals(name, "Connection");
}

std::pair<std::string, std::string> field_of(const std::string& line) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  std::string name = line.substr(0, colon);
  for (char& c : name)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return {name,
          std::string(trim_ows(std::string_view(line).substr(std::min(colon + 1, line.size()))))};
}

class Http2Exchange final : public ClientExchange {
 public:
  Http2Exchange(std::unique_ptr<Transport> connection, Stage& stage, const std::string& who,
                bool tls)
      : connection_(std::move(connection)),
        client_(*connection_, kWaitLimit),
        stage_(stage),
        who_(who),
        scheme_(tls ? "https" : "http") {}

  bool is_open() const override { return connection_->is_open() && !client_.was_told_to_go(); }
  std::size_t outstanding() const override { return streams_.size(); }

  Written send(const Message& message) override {
    const Fields fields = request_fields(message);
    std::string text;
    for (const auto& [name, value] : fields)
      text += name + ": " + value + "\r\n";
    stage_.transcript.add_wire(who_, ">", text);
    const bool with_body = has_body(message) || !trailers(message).empty();
    const std::int32_t id = client_.request(fields, !with_body);
    if (id < 0) return Written::Failed;
    streams_.push_back(id);
    for (const MessagePart& part : message.parts) {
      const Written written = send_part(part, id);
      if (written != Written::Whole) return written;
    }
    if (!with_body) return Written::Whole;
    return noted(client_.end_body(id, trailers(message)));
  }

  // Cases with bytes of HTTP/1.1 are not played here (http1_reason).
  Io write(std::string_view, bool) override {
    stage_.fail(0, who_ + ": bytes of HTTP/1.1 over HTTP/2");
    return Io::Closed;
  }

  Read head(HttpMessage& message) override {
    const Read read = client_.head(streams_.front(), message);
    if (read != Read::Ok || message.status() < 200) return read;
    current_ = streams_.front();
    streams_.pop_front();
    return read;
  }

  Read body(HttpMessage& message, std::size_t at_least) override {
    return client_.body(current_, message, at_least);
  }

  Read rest_until_close(std::string& rest) override {
    rest.clear();
    return client_.until_ended(0);
  }

  void half_close() override { connection_->shutdown_write(); }
  void close() override {
    client_.say_goodbye();
    connection_->close();
    streams_.clear();
  }
  void reset() override {
    for (const std::int32_t id : streams_)
      client_.cancel(id);
    if (current_ > 0) client_.cancel(current_);
    streams_.clear();
    current_ = 0;
  }
  std::string error() const override { return client_.error(); }

 private:
  Fields request_fields(const Message& message) {
    std::string authority;
    Fields fields;
    for (const std::string& line : request_lines(message, stage_)) {
      auto field = field_of(line);
      if (field.first == "host") authority = field.second;
      if (field.first != "host" && !is_dropped(field.first)) fields.push_back(std::move(field));
    }
    Fields all = {{":method", message.first}, {":scheme", scheme_}};
    if (!authority.empty()) all.emplace_back(":authority", authority);
    all.emplace_back(":path", stage_.expand(message.second, message.line));
    all.insert(all.end(), fields.begin(), fields.end());
    return all;
  }

  Fields trailers(const Message& message) {
    Fields fields;
    for (const MessagePart& part : message.parts) {
      if (part.kind != MessagePart::Kind::Trailer) continue;
      fields.push_back(field_of(stage_.expand(part.text, part.line)));
    }
    return fields;
  }

  Written send_part(const MessagePart& part, std::int32_t id) {
    using Kind = MessagePart::Kind;
    switch (part.kind) {
      case Kind::Body: {
        const std::string bytes = stage_.expand(part.text, part.line);
        stage_.transcript.add_wire(who_, ">", bytes);
        return noted(client_.write_body(id, bytes));
      }
      case Kind::Trailer:
        return Written::Whole;  // sent with the end
      case Kind::Sync:
        return stage_.sync(part.text.text, part.line) ? Written::Whole : Written::Failed;
      case Kind::Close:
        return Written::Ended;
      case Kind::Reset:
        reset();
        return Written::Failed;
      case Kind::Silence:
        static_cast<void>(client_.until_ended(id));
        return Written::Failed;
      case Kind::Raw:
        break;
    }
    return Written::Failed;
  }

  Written noted(Io io) {
    if (io == Io::Ok) return Written::Whole;
    stage_.transcript.add(who_, "writing: " + std::string(to_string(io)));
    return Written::Failed;
  }

  std::unique_ptr<Transport> connection_;
  Http2Client client_;
  Stage& stage_;
  const std::string who_;
  const std::string scheme_;
  std::deque<std::int32_t> streams_;  // of requests without a response yet
  std::int32_t current_ = 0;          // of the response that is being read
};

}  // namespace

std::unique_ptr<ClientExchange> make_http2_exchange(std::unique_ptr<Transport> connection,
                                                    Stage& stage, const std::string& who,
                                                    bool tls) {
  return std::make_unique<Http2Exchange>(std::move(connection), stage, who, tls);
}

}  // namespace brink::tests::cases
