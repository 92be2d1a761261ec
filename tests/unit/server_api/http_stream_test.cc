// Logs, files and exec over HTTP: streams in chunks and over a websocket.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "base/base64.h"
#include "tests/unit/server_api/http_fixture.h"

namespace yurt::server {
namespace {

class Streams : public HttpTest {
 protected:
  const NodeId node = id_number<NodeId>(1);
  const AllocId alloc = id_number<AllocId>(2);

  void SetUp() override {
    core.apply(node_named("n1", node));
    const auto eval_id = *EvalId::parse(registered(job_named("a")).eval_id());
    core.apply(placed(core, {"default", "a"}, alloc, node, eval_id));
  }

  std::string logs(const std::string& query) {
    return "/v1/client/fs/logs/" + alloc.to_string() + query;
  }

  std::shared_ptr<FakeAgent> agent(std::size_t number = 0) {
    while (core.agents().size() <= number) std::this_thread::yield();
    return core.agents()[number];
  }

  static model::SessionFrame frame(const std::string& data, std::int64_t offset = 0) {
    model::SessionFrame out;
    auto* stream = out.mutable_stream();
    stream->set_data(data);
    stream->set_offset(offset);
    if (!data.empty()) stream->set_file("alloc/logs/main.stdout.0");
    return out;
  }
};

TEST_F(Streams, logs_are_frames_without_separators_as_they_arrive) {
  HttpClient client(server->port());
  client.send_request("GET", logs("?task=main&type=stdout&follow=true&offset=3&origin=end"));
  const auto source = agent();
  EXPECT_EQ(source->request.logs().task(), "main");
  EXPECT_TRUE(source->request.logs().follow());
  EXPECT_EQ(source->request.logs().offset(), 3);
  EXPECT_EQ(source->request.logs().origin(), "end");
  source->send(frame("hello", 5));
  const auto header = client.read_header();
  EXPECT_EQ(header.status, 200);
  EXPECT_EQ(header.header("content-type"), "application/json");
  EXPECT_EQ(client.read_chunk(),
            R"({"Offset":5,"Data":"aGVsbG8=","File":"alloc/logs/main.stdout.0"})");
  source->send(frame(""));
  EXPECT_EQ(client.read_chunk(), "{}");
  source->end();
  EXPECT_EQ(client.read_chunk(), "");
  // The connection goes on.
  EXPECT_EQ(client.request("GET", "/v1/regions").status, 200);
}

TEST_F(Streams, plain_logs_are_the_bytes_alone) {
  HttpClient client(server->port());
  client.send_request("GET", logs("?task=main&type=stderr&plain=true"));
  const auto source = agent();
  source->send(frame("a\n"));
  source->send(frame(""));
  source->send(frame("b\n"));
  source->end();
  const auto response = client.read_response();
  EXPECT_EQ(response.body, "a\nb\n");
  EXPECT_EQ(response.header("content-type"), "text/plain; charset=utf-8");
}

TEST_F(Streams, a_caller_of_http_1_0_gets_no_chunks) {
  HttpClient client(server->port());
  client.send("GET " + logs("?task=main&type=stdout&plain=true") + " HTTP/1.0\r\n\r\n");
  const auto source = agent();
  source->send(frame("bytes"));
  source->end();
  const auto response = client.read_response();
  EXPECT_EQ(response.body, "bytes");
  EXPECT_EQ(response.headers.count("transfer-encoding"), 0u);
}

TEST_F(Streams, what_is_wrong_is_told_before_anything_is_sent) {
  EXPECT_EQ(get(logs("?type=stdout")).status, 400);
  EXPECT_EQ(get(logs("?task=main&type=other")).status, 400);
  EXPECT_EQ(get(logs("?task=main&type=stdout&follow=x")).status, 400);
  const auto unknown = get("/v1/client/fs/logs/none?task=main&type=stdout");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_TRUE(unknown.body.starts_with("Unknown allocation"));
  HttpClient client(server->port());
  client.send_request("GET", logs("?task=side&type=stdout"));
  agent()->end(Error{ErrorCode::not_found, "log entry for task \"side\" and log type not found"});
  EXPECT_EQ(client.read_response().status, 404);
  core.agents_connected = false;
  const auto lost = get(logs("?task=main&type=stdout"));
  EXPECT_EQ(lost.status, 404);
  EXPECT_EQ(lost.body, "No path to node");
}

TEST_F(Streams, a_stream_that_breaks_off_does_not_look_complete) {
  HttpClient client(server->port());
  client.send_request("GET", logs("?task=main&type=stdout&plain=true"));
  agent()->send(frame("half"));
  EXPECT_EQ(client.read_header().status, 200);
  EXPECT_EQ(client.read_chunk(), "half");
  agent()->end(Error{ErrorCode::unavailable, "the node went away"});
  EXPECT_TRUE(client.at_end());
}

TEST_F(Streams, the_agent_is_told_what_was_passed_on_and_that_the_caller_left) {
  HttpClient client(server->port());
  client.send_request("GET", logs("?task=main&type=stdout&follow=true"));
  const auto source = agent();
  const auto sent = frame("hello");
  source->send(sent);
  EXPECT_EQ(client.read_header().status, 200);
  (void)client.read_chunk();
  while (source->consumed() < sent.ByteSizeLong()) std::this_thread::yield();
  client.close();
  while (!source->closed()) std::this_thread::yield();
}

TEST_F(Streams, a_caller_that_does_not_read_slows_the_agent_down) {
  HttpClient client(server->port());
  client.send_request("GET", logs("?task=main&type=stdout&plain=true"));
  const auto source = agent();
  const std::string block(1 << 20, 'x');
  const std::size_t blocks = 64;
  for (std::size_t i = 0; i < blocks; ++i) source->send(frame(block));
  source->end();
  // The kernel buffers a few of them; the rest is not reported consumed before it is read.
  EXPECT_LT(source->consumed(), blocks * block.size());
  const auto response = client.read_response();
  EXPECT_EQ(response.body.size(), blocks * block.size());
  while (source->consumed() < blocks * block.size()) std::this_thread::yield();
}

TEST_F(Streams, files_come_raw_with_a_type_sniffed_from_their_content) {
  const std::string path = "/v1/client/fs/cat/" + alloc.to_string();
  EXPECT_EQ(get(path).status, 400);
  HttpClient client(server->port());
  client.send_request("GET", path + "?path=/alloc/data");
  const auto source = agent();
  EXPECT_EQ(source->request.stream_file().path(), "/alloc/data");
  EXPECT_FALSE(source->request.stream_file().follow());
  source->send(frame(std::string("\x00\x01", 2)));
  source->end();
  const auto response = client.read_response();
  EXPECT_EQ(response.body, std::string("\x00\x01", 2));
  EXPECT_EQ(response.header("content-type"), "application/octet-stream");
}

TEST_F(Streams, a_part_of_a_file_needs_both_numbers) {
  const std::string path = "/v1/client/fs/readat/" + alloc.to_string() + "?path=/f";
  EXPECT_EQ(get(path + "&offset=1").status, 400);
  EXPECT_EQ(get(path + "&limit=1").status, 400);
  EXPECT_EQ(get(path + "&offset=1&limit=x").status, 400);
  HttpClient client(server->port());
  client.send_request("GET", path + "&offset=1&limit=2");
  const auto source = agent();
  EXPECT_EQ(source->request.stream_file().offset(), 1);
  EXPECT_EQ(source->request.stream_file().limit(), 2);
  source->end();
  EXPECT_EQ(client.read_response().body, "");
}

TEST_F(Streams, following_a_file_is_the_default_of_stream) {
  HttpClient client(server->port());
  client.send_request("GET", "/v1/client/fs/stream/" + alloc.to_string() + "?path=/f");
  EXPECT_FALSE(agent()->request.stream_file().has_follow());
  agent()->end();
  EXPECT_EQ(client.read_response().status, 200);
}

namespace beast = boost::beast;
using tcp = boost::asio::ip::tcp;

// A websocket as Nomad's clients open it.
class Exec : public Streams {
 protected:
  void open(const std::string& query) {
    tcp::resolver resolver(io_);
    boost::asio::connect(socket_.next_layer(),
                         resolver.resolve("127.0.0.1", std::to_string(server->port())));
    socket_.handshake("localhost", "/v1/client/allocation/" + alloc.to_string() + "/exec?" + query);
  }
  void send(const std::string& text) { socket_.write(boost::asio::buffer(text)); }
  // The next message; "" when the socket was closed.
  std::string receive() {
    beast::flat_buffer buffer;
    boost::system::error_code error;
    socket_.read(buffer, error);
    return error ? "" : beast::buffers_to_string(buffer.data());
  }

  boost::asio::io_context io_;
  beast::websocket::stream<tcp::socket> socket_{io_};
};

constexpr const char* command = "task=main&command=%5B%22sh%22%2C%22-c%22%5D";

TEST_F(Exec, input_and_output_flow_until_the_exit_code) {
  open(std::string(command) + "&tty=true");
  const auto source = agent();
  EXPECT_EQ(source->request.exec().task(), "main");
  EXPECT_TRUE(source->request.exec().tty());
  ASSERT_EQ(source->request.exec().command_size(), 2);
  EXPECT_EQ(source->request.exec().command(1), "-c");

  send("{}");
  send(R"({"stdin":{"data":")" + base64_encode("ls\n") + "\"}}");
  send(R"({"tty_size":{"height":24,"width":80}})");
  send(R"({"stdin":{"close":true}})");
  while (source->received().size() < 3) std::this_thread::yield();
  const auto received = source->received();
  EXPECT_EQ(received[0].exec().stdin(), "ls\n");
  EXPECT_EQ(received[1].exec().tty_width(), 80);
  EXPECT_TRUE(received[2].exec().stdin_close());

  model::SessionFrame out;
  out.mutable_exec()->set_stdout("file\n");
  source->send(out);
  EXPECT_EQ(receive(), R"({"stdout":{"data":"ZmlsZQo="}})");
  out.Clear();
  out.mutable_exec()->set_exited(true);
  out.mutable_exec()->set_exit_code(3);
  source->send(out);
  source->end();
  EXPECT_EQ(receive(), R"({"stdout":{"close":true}})");
  EXPECT_EQ(receive(), R"({"stderr":{"close":true}})");
  EXPECT_EQ(receive(), R"({"exited":true,"result":{"exit_code":3}})");
  EXPECT_EQ(receive(), "");
  EXPECT_EQ(socket_.reason().code, beast::websocket::close_code::normal);
}

TEST_F(Exec, a_handshake_message_is_no_input) {
  open(std::string(command) + "&ws_handshake=true");
  send(R"({"version":1,"auth_token":"secret"})");
  const auto source = agent();
  send(R"({"stdin":{"data":"YQ=="}})");
  while (source->received().empty()) std::this_thread::yield();
  EXPECT_EQ(source->received()[0].exec().stdin(), "a");
}

TEST_F(Exec, failures_close_the_socket_with_a_code_and_the_reason) {
  open("task=main&command=oops");
  EXPECT_EQ(receive(), "");
  EXPECT_EQ(socket_.reason().code, beast::websocket::close_code::policy_error);
  EXPECT_EQ(socket_.reason().reason, "command must be a JSON array of texts, at least one");
}

TEST_F(Exec, what_fails_inside_closes_with_1011) {
  open(command);
  agent()->end(Error{ErrorCode::internal, "the driver failed"});
  EXPECT_EQ(receive(), "");
  EXPECT_EQ(socket_.reason().code, beast::websocket::close_code::internal_error);
  EXPECT_EQ(socket_.reason().reason, "the driver failed");
}

TEST_F(Exec, without_an_upgrade_it_is_refused) {
  EXPECT_EQ(get("/v1/client/allocation/" + alloc.to_string() + "/exec?" + command).status, 400);
}

}  // namespace
}  // namespace yurt::server
