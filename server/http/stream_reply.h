// StreamReply: a stream of the service layer as the body of one answer, in chunks. Inside this
// folder only.
//
// The header is written with the first bytes, so that a stream that fails at once is answered with
// a proper error. The source is slowed down to what the caller takes. Runs on the connection's
// strand.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "server/api/operation.h"

namespace yurt::server {

class Connection;
struct Exchange;

class StreamReply : public std::enable_shared_from_this<StreamReply> {
 public:
  // Null when the stream could not be opened, and the caller was told so.
  [[nodiscard]] static std::shared_ptr<StreamReply> open(
      const std::shared_ptr<Connection>& connection, std::shared_ptr<const Exchange> exchange,
      std::unique_ptr<Message> request);

  // The caller has gone.
  void abandon();

 private:
  struct Piece {
    std::string bytes;
    std::size_t weight = 0;  // to report consumed
  };

  StreamReply(std::weak_ptr<Connection> connection, std::shared_ptr<const Exchange> exchange);
  template <typename Run>
  void on_strand(Run run);
  [[nodiscard]] std::string encode(const Body& message);
  void on_piece(Piece piece);
  void on_end(Status status);
  void go_on();
  void write_header();
  void write_piece();
  void finish();
  void written(bool ok, std::size_t weight);

  const std::weak_ptr<Connection> connection_;
  const std::shared_ptr<const Exchange> exchange_;
  const bool raw_;      // bytes, not frames
  const bool chunked_;  // HTTP/1.0 has no chunks: the end of the connection is the end
  std::string digest_;  // of an archive; comes with its first piece
  std::unique_ptr<CallStream> source_;
  std::deque<Piece> pieces_;
  std::optional<Status> end_;
  bool header_written_ = false;
  bool writing_ = false;
  bool abandoned_ = false;
};

}  // namespace yurt::server
