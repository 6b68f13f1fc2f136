#include "tests/cases/client_player.h"

#include <fmt/core.h>

#include "tests/cases/judge.h"
#include "tests/cases/message_writer.h"

namespace brink::tests::cases {

using Kind = ClientStep::Kind;

ClientPlayer::ClientPlayer(const Client& client, std::uint16_t port, Stage& stage, Do run)
    : client_(client), port_(port), stage_(stage), run_(std::move(run)) {}

void ClientPlayer::play() {
  play_steps(client_.steps);
  if (!stage_.failed()) receive_outstanding(client_.line);
  if (!stage_.failed()) settle(client_.line);
}

void ClientPlayer::play_steps(const std::vector<ClientStep>& steps) {
  for (const ClientStep& step : steps) {
    if (stage_.failed()) return;
    play_step(step);
  }
}

void ClientPlayer::play_step(const ClientStep& step) {
  switch (step.kind) {
    case Kind::Send:
      receive_outstanding(step.line);
      [[fallthrough]];
    case Kind::Pipeline:
      return send(step);
    case Kind::Raw:
      return write_bytes(step, true);
    case Kind::Write:
      return write_bytes(step, false);
    case Kind::Receive:
    case Kind::ReceiveHead:
    case Kind::ReceiveInterim:
    case Kind::ReceiveBody:
      return play_receive(step);
    case Kind::Expect:
      return expect(step.check);
    case Kind::ExpectClosed:
      return expect_closed(step.line);
    case Kind::Connect:
    case Kind::Close:
    case Kind::Reset:
    case Kind::HalfClose:
      return play_connection(step);
    case Kind::Sync:
      static_cast<void>(stage_.sync(step.text.text, step.line));
      return;
    case Kind::Repeat:
      for (std::size_t i = 0; i < step.count; ++i)
        play_steps(step.steps);
      return;
    case Kind::Do:
      return play_action(*step.action);
  }
}

// What the case does from here comes after the answers to what was sent, unless one is being looked
// at in pieces; only waiting for something is what one does while an answer is outstanding.
void ClientPlayer::play_action(const Action& action) {
  const bool in_pieces = progress_ == Progress::Interim || progress_ == Progress::Head;
  if (action.kind != Action::Kind::Await && !in_pieces) receive_outstanding(action.line);
  if (!stage_.failed()) run_(action);
}

void ClientPlayer::play_connection(const ClientStep& step) {
  if (step.kind == Kind::HalfClose) {
    socket_.shutdown_write();
    return;
  }
  settle(step.line);
  disconnect(step.kind == Kind::Reset);
  if (step.kind == Kind::Connect) connect(step.line);
}

void ClientPlayer::connect(int line) {
  socket_ = Socket::connect(port_);
  reader_ = std::make_unique<HttpReader>(socket_, kWaitLimit);
  if (!socket_.is_open()) stage_.fail(line, fmt::format("nobody listens at 127.0.0.1:{}", port_));
}

void ClientPlayer::disconnect(bool with_reset) {
  if (with_reset) {
    socket_.reset();
  } else {
    socket_.close();
  }
  stage_.transcript.add(client_.name,
                        with_reset ? "resets the connection" : "closes the connection");
  outstanding_.clear();
  progress_ = Progress::None;
}

void ClientPlayer::send(const ClientStep& step) {
  if (stage_.failed()) return;
  if (!socket_.is_open()) connect(step.line);
  if (step.kind == Kind::Send) {
    settle(step.line);
    progress_ = Progress::None;
  }
  outstanding_.push_back(step.message.first);
  Writing writing{socket_, stage_, client_.name};
  if (write_request(step.message, writing) == Written::Ended) disconnect(false);
}

void ClientPlayer::write_bytes(const ClientStep& step, bool request) {
  if (!socket_.is_open()) connect(step.line);
  const std::string bytes = stage_.expand(step.text, step.line);
  if (request) {
    receive_outstanding(step.line);
    settle(step.line);
    progress_ = Progress::None;
    outstanding_.push_back(bytes.substr(0, bytes.find(' ')));
  }
  stage_.transcript.add_wire(client_.name, ">", bytes);
  const Io io = socket_.write_all(bytes, kWaitLimit);
  if (io != Io::Ok) stage_.transcript.add(client_.name, fmt::format("writing: {}", to_string(io)));
}

bool ClientPlayer::ok(Read read, int line, const char* what) {
  if (read == Read::Ok) return true;
  const std::string detail = reader_->error().empty() ? "" : ": " + printable(reader_->error());
  stage_.fail(line,
              fmt::format("{} waits for {}: {}{}", client_.name, what, to_string(read), detail));
  return false;
}

void ClientPlayer::receive_head(int line, bool only_interim) {
  if (progress_ == Progress::Whole) progress_ = Progress::None;
  if (progress_ == Progress::Head) return;
  if (outstanding_.empty()) return stage_.fail(line, "no request waits for a response");
  if (progress_ == Progress::None) response_ = HttpMessage{};
  cut_expected_ = false;
  for (;;) {
    HttpMessage message;
    const Read read = reader_->response_head(message, outstanding_.front());
    if (!message.head.empty()) stage_.transcript.add_wire(client_.name, "<", message.head);
    if (!ok(read, line, "a response")) return;
    const int status = message.status();
    if (status >= 200 || status == 101) {
      message.interims = std::move(response_.interims);
      response_ = std::move(message);
      progress_ = Progress::Head;
      break;
    }
    response_.interims.push_back(std::move(message));
    progress_ = Progress::Interim;
    if (only_interim) return;
  }
  outstanding_.pop_front();
  if (only_interim) stage_.fail(line, "expected an interim response, got the final one");
}

void ClientPlayer::receive_whole(int line) {
  receive_head(line, false);
  if (stage_.failed() || response_.status() == 101) return;
  const Read read = reader_->body(response_);
  if (!ok(read, line, "the rest of a body")) return;
  progress_ = Progress::Whole;
  if (!response_.body.empty()) {
    stage_.transcript.add(client_.name, fmt::format("< {} bytes of body: {}", response_.body.size(),
                                                    printable(response_.body, 200)));
  }
  if (!response_.cut.empty()) stage_.transcript.add(client_.name, "< cut: " + response_.cut);
}

void ClientPlayer::receive_outstanding(int line) {
  if (progress_ == Progress::Head && response_.status() != 101) receive_whole(line);
  while (!outstanding_.empty() && !stage_.failed()) {
    settle(line);
    receive_whole(line);
  }
}

void ClientPlayer::play_receive(const ClientStep& step) {
  if (step.kind == Kind::Receive) {
    if (progress_ == Progress::Whole) settle(step.line);
    return receive_whole(step.line);
  }
  const bool bytes_of_same = step.kind == Kind::ReceiveBody && progress_ == Progress::Head;
  if (!bytes_of_same) receive_head(step.line, step.kind == Kind::ReceiveInterim);
  if (stage_.failed() || step.kind != Kind::ReceiveBody) return;
  ok(reader_->body(response_, step.count), step.line, "part of a body");
}

void ClientPlayer::settle(int line) {
  const bool cut = progress_ == Progress::Whole && !response_.complete;
  if (cut && !cut_expected_) stage_.fail(line, "the response was cut, and no 'expect cut' says so");
}

void ClientPlayer::expect(const Check& check) {
  if (progress_ == Progress::None && !outstanding_.empty()) receive_whole(check.line);
  if (check.subject == Subject::Cut && progress_ == Progress::Head) receive_whole(check.line);
  if (stage_.failed()) return;
  if (progress_ == Progress::None)
    return stage_.fail(check.line, "there is no response to look at");
  if (check.subject == Subject::Cut) cut_expected_ = true;
  if (check.subject == Subject::Body && response_.until_close && !response_.complete) {
    stage_.transcript.add(client_.name, "body so far");
  }
  const auto seen = observe(check, response_);
  const std::string wrong = judge(check, seen, stage_.expand(check.value, check.line));
  if (wrong.empty()) return;
  const bool cache_status = check.subject == Subject::Edge || check.subject == Subject::Regional;
  const std::string whole =
      cache_status ? " in Cache-Status: " + response_.field("Cache-Status").value_or("-") : "";
  stage_.fail(check.line, fmt::format("{}: {} {}{}", client_.name, check.name, wrong, whole));
}

void ClientPlayer::expect_closed(int line) {
  receive_outstanding(line);
  if (stage_.failed()) return;
  std::string rest;
  if (socket_.is_open() && !ok(reader_->rest_until_close(rest), line, "the end of the connection"))
    return;
  if (!rest.empty())
    stage_.fail(line, "bytes before the end of the connection: " + printable(rest));
  socket_.close();
}

}  // namespace brink::tests::cases
