#include "tests/cases/client_player.h"

#include <fmt/core.h>

#include "tests/cases/judge.h"

namespace brink::tests::cases {

using Kind = ClientStep::Kind;

ClientPlayer::ClientPlayer(const Client& client, const Door& door, Stage& stage, Do run)
    : client_(client), door_(door), stage_(stage), run_(std::move(run)) {}

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
    if (exchange_) exchange_->half_close();
    return;
  }
  settle(step.line);
  disconnect(step.kind == Kind::Reset);
  if (step.kind == Kind::Connect) be_connected(step.line);
}

bool ClientPlayer::be_connected(int line) {
  if (exchange_ && exchange_->is_open()) return true;
  std::string message;
  exchange_ = open_exchange(door_, stage_, client_.name, message);
  if (!exchange_) stage_.fail(line, message);
  return exchange_ != nullptr;
}

void ClientPlayer::disconnect(bool with_reset) {
  if (exchange_) with_reset ? exchange_->reset() : exchange_->close();
  stage_.transcript.add(client_.name, with_reset ? "resets" : "closes the connection");
  progress_ = Progress::None;
}

void ClientPlayer::send(const ClientStep& step) {
  if (stage_.failed() || !be_connected(step.line)) return;
  if (step.kind == Kind::Send) {
    settle(step.line);
    progress_ = Progress::None;
  }
  if (exchange_->send(step.message) == Written::Ended) disconnect(false);
}

void ClientPlayer::write_bytes(const ClientStep& step, bool request) {
  if (!be_connected(step.line)) return;
  const std::string bytes = stage_.expand(step.text, step.line);
  if (request) {
    receive_outstanding(step.line);
    settle(step.line);
    progress_ = Progress::None;
  }
  const Io io = exchange_->write(bytes, request);
  if (io != Io::Ok) stage_.transcript.add(client_.name, fmt::format("writing: {}", to_string(io)));
}

bool ClientPlayer::ok(Read read, int line, const char* what) {
  if (read == Read::Ok) return true;
  const std::string error = exchange_->error();
  const std::string detail = error.empty() ? "" : ": " + printable(error);
  stage_.fail(line,
              fmt::format("{} waits for {}: {}{}", client_.name, what, to_string(read), detail));
  return false;
}

void ClientPlayer::receive_head(int line, bool only_interim) {
  if (progress_ == Progress::Whole) progress_ = Progress::None;
  if (progress_ == Progress::Head) return;
  if (outstanding() == 0) return stage_.fail(line, "no request waits for a response");
  if (progress_ == Progress::None) response_ = HttpMessage{};
  cut_expected_ = false;
  for (;;) {
    HttpMessage message;
    const Read read = exchange_->head(message);
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
  if (only_interim) stage_.fail(line, "expected an interim response, got the final one");
}

void ClientPlayer::receive_whole(int line) {
  receive_head(line, false);
  if (stage_.failed() || response_.status() == 101) return;
  const Read read = exchange_->body(response_);
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
  while (outstanding() > 0 && !stage_.failed()) {
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
  ok(exchange_->body(response_, step.count), step.line, "part of a body");
}

void ClientPlayer::settle(int line) {
  const bool cut = progress_ == Progress::Whole && !response_.complete;
  if (cut && !cut_expected_) stage_.fail(line, "the response was cut, and no 'expect cut' says so");
}

void ClientPlayer::expect(const Check& check) {
  if (progress_ == Progress::None && outstanding() > 0) receive_whole(check.line);
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
  if (!exchange_ || !ok(exchange_->rest_until_close(rest), line, "the end of the connection"))
    return;
  if (!rest.empty())
    stage_.fail(line, "bytes before the end of the connection: " + printable(rest));
  exchange_->close();
}

}  // namespace brink::tests::cases
