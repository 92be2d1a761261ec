#include "raft/shell/wire_meeting.h"

#include "raft/shell/wire_peers.h"

namespace yurt::raft {

wire::Hello to_wire(const Greeting& greeting) {
  wire::Hello out;
  out.set_cluster_id(greeting.cluster_id);
  out.set_from(greeting.from);
  out.set_to(greeting.to);
  out.set_address(greeting.address);
  return out;
}

Greeting from_wire(const wire::Hello& hello) {
  return {hello.cluster_id(), hello.from(), hello.to(), hello.address()};
}

wire::Introduction to_wire(const Introduction& introduction) {
  wire::Introduction out;
  out.set_id(introduction.id);
  out.set_address(introduction.address);
  out.set_cluster_id(introduction.cluster_id);
  out.set_expect(static_cast<std::uint32_t>(introduction.expect));
  out.set_leader(introduction.leader);
  out.set_leader_address(introduction.leader_address);
  to_wire(introduction.peers, *out.mutable_peers());
  out.set_run(introduction.run);
  return out;
}

Introduction from_wire(const wire::Introduction& introduction) {
  Introduction out;
  out.id = introduction.id();
  out.address = introduction.address();
  out.cluster_id = introduction.cluster_id();
  out.expect = static_cast<int>(introduction.expect());
  out.leader = introduction.leader();
  out.leader_address = introduction.leader_address();
  out.peers = from_wire(introduction.peers());
  out.run = introduction.run();
  return out;
}

wire::PromiseRequest to_wire(const PromiseRequest& request) {
  wire::PromiseRequest out;
  out.set_founder(request.founder);
  out.set_cluster_id(request.cluster_id);
  to_wire(request.peers, *out.mutable_peers());
  return out;
}

PromiseRequest from_wire(const wire::PromiseRequest& request) {
  return {request.founder(), request.cluster_id(), from_wire(request.peers())};
}

wire::PromiseReply to_wire(const PromiseReply& reply) {
  wire::PromiseReply out;
  out.set_granted(reply.granted);
  out.set_reason(reply.reason);
  out.set_promised_to(reply.promised_to);
  out.set_cluster_id(reply.cluster_id);
  return out;
}

PromiseReply from_wire(const wire::PromiseReply& reply) {
  return {reply.granted(), reply.reason(), reply.promised_to(), reply.cluster_id()};
}

wire::ReleaseRequest to_wire(const ReleaseRequest& request) {
  wire::ReleaseRequest out;
  out.set_founder(request.founder);
  out.set_cluster_id(request.cluster_id);
  return out;
}

ReleaseRequest from_wire(const wire::ReleaseRequest& request) {
  return {request.founder(), request.cluster_id()};
}

wire::JoinRequest to_wire(const JoinRequest& request) {
  wire::JoinRequest out;
  out.set_cluster_id(request.cluster_id);
  out.set_id(request.id);
  out.set_address(request.address);
  return out;
}

JoinRequest from_wire(const wire::JoinRequest& request) {
  return {request.cluster_id(), request.id(), request.address()};
}

wire::JoinReply to_wire(const JoinReply& reply) {
  wire::JoinReply out;
  out.set_accepted(reply.accepted);
  out.set_reason(reply.reason);
  out.set_leader(reply.leader);
  out.set_leader_address(reply.leader_address);
  return out;
}

JoinReply from_wire(const wire::JoinReply& reply) {
  return {reply.accepted(), reply.reason(), reply.leader(), reply.leader_address()};
}

}  // namespace yurt::raft
