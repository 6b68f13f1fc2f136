// ClientExchange over HTTP/1.1: one message after the other, in clear text or over TLS.

#include <deque>

#include "tests/cases/client_exchange.h"

namespace brink::tests::cases {
namespace {

class Http1Exchange final : public ClientExchange {
 public:
  Http1Exchange(std::unique_ptr<Transport> connection, Stage& stage, const std::string& who)
      : connection_(std::move(connection)),
        reader_(*connection_, kWaitLimit),
        stage_(stage),
        who_(who) {}

  bool is_open() const override { return connection_->is_open(); }
  std::size_t outstanding() const override { return methods_.size(); }

  Written send(const Message& message) override {
    methods_.push_back(message.first);
    Writing writing{*connection_, stage_, who_};
    return write_request(message, writing);
  }

  Io write(std::string_view bytes, bool request) override {
    if (request) methods_.emplace_back(bytes.substr(0, bytes.find(' ')));
    stage_.transcript.add_wire(who_, ">", bytes);
    return connection_->write_all(bytes, kWaitLimit);
  }

  Read head(HttpMessage& message) override {
    const Read read = reader_.response_head(message, methods_.front());
    const int status = message.status();
    if (read == Read::Ok && (status >= 200 || status == 101)) methods_.pop_front();
    return read;
  }

  Read body(HttpMessage& message, std::size_t at_least) override {
    return reader_.body(message, at_least);
  }

  Read rest_until_close(std::string& rest) override { return reader_.rest_until_close(rest); }

  void half_close() override { connection_->shutdown_write(); }
  void close() override {
    connection_->close();
    methods_.clear();
  }
  void reset() override {
    connection_->reset();
    methods_.clear();
  }
  std::string error() const override { return reader_.error(); }

 private:
  std::unique_ptr<Transport> connection_;
  HttpReader reader_;
  Stage& stage_;
  const std::string who_;
  std::deque<std::string> methods_;  // of requests without a response yet
};

}  // namespace

std::unique_ptr<ClientExchange> make_http1_exchange(std::unique_ptr<Transport> connection,
                                                    Stage& stage, const std::string& who) {
  return std::make_unique<Http1Exchange>(std::move(connection), stage, who);
}

}  // namespace brink::tests::cases
