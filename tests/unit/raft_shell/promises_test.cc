// The rules of founding: whatever is lost, repeated or restarted, no server is counted for two
// clusters.
#include "raft/shell/promises.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "tests/unit/raft_shell/temporary_folder.h"

namespace yurt::raft::testing {
namespace {

Configuration founders(const std::vector<PeerId>& ids) {
  Configuration configuration;
  for (const PeerId id : ids) {
    configuration = configuration.with({id, "server-" + std::to_string(id), true});
  }
  return configuration;
}

// A server's promises on a disk of its own; restart() forgets everything else.
class Server {
 public:
  explicit Server(PeerId id, int expect = 3, bool wait_to_be_added = false)
      : id_(id), expect_(expect), wait_(wait_to_be_added) {
    restart();
  }

  void restart() {
    promises_.reset();
    record_.reset();
    store_.reset();
    store_ = std::move(*LogStore::open(folder_.path()));
    record_ = std::make_unique<IdentityRecord>(*store_, *IdentityRecord::load(*store_, id_));
    promises_ = std::make_unique<Promises>(Promises::Settings{id_, expect_, wait_}, *record_);
  }

  Promises& operator*() { return *promises_; }
  Promises* operator->() { return promises_.get(); }
  [[nodiscard]] Identity identity() const { return record_->get(); }

 private:
  const PeerId id_;
  const int expect_;
  const bool wait_;
  TemporaryFolder folder_;
  std::unique_ptr<LogStore> store_;
  std::unique_ptr<IdentityRecord> record_;
  std::unique_ptr<Promises> promises_;
};

PromiseRequest request(PeerId founder, const std::string& cluster, std::vector<PeerId> ids) {
  return {founder, cluster, founders(ids)};
}

TEST(Promises, AreGivenOnceAndKeptOverARestart) {
  Server server(3);
  EXPECT_TRUE(server->promise(request(1, "first", {1, 2, 3})).granted);
  server.restart();
  const PromiseReply other = server->promise(request(2, "second", {2, 3, 4}));
  EXPECT_FALSE(other.granted);
  EXPECT_EQ(other.promised_to, 1U);
  EXPECT_TRUE(server->promise(request(1, "first", {1, 2, 3})).granted) << "asked again";
}

TEST(Promises, GoOnlyToALowerIdAmongEquals) {
  Server server(3);
  EXPECT_FALSE(server->promise(request(4, "x", {3, 4, 5})).granted);
  EXPECT_FALSE(server->promise(request(1, "x", {1, 2, 4})).granted) << "not among them";
  const PromiseReply wrong_count = server->promise(request(1, "x", {1, 3}));
  EXPECT_FALSE(wrong_count.granted);
  EXPECT_EQ(wrong_count.reason, "its bootstrap_expect is 3, not 2");
}

TEST(Promises, EndWhenTheFounderReleasesThem) {
  Server server(3);
  EXPECT_TRUE(server->promise(request(1, "first", {1, 2, 3})).granted);
  EXPECT_TRUE(server->release({2, "first"}).ok()) << "somebody else's word changes nothing";
  EXPECT_EQ(server.identity().standing, Standing::promised);
  EXPECT_TRUE(server->release({1, "first"}).ok());
  EXPECT_TRUE(server->promise(request(2, "second", {2, 3, 4})).granted);
}

TEST(Promises, AFounderOfHigherIdGivesUpAndOwesReleases) {
  Server server(2);
  ASSERT_TRUE(*server->begin("mine", founders({2, 3, 4})));
  EXPECT_TRUE(server->promise(request(1, "theirs", {1, 2, 3})).granted);
  server.restart();
  EXPECT_FALSE(*server->found("mine"));
  const std::vector<ReleaseDue> due{{{3, "server-3", true}, "mine"},
                                    {{4, "server-4", true}, "mine"}};
  EXPECT_EQ(server.identity().releases, due);
  ASSERT_TRUE(server->released(due[0]).ok());
  EXPECT_EQ(server.identity().releases.size(), 1U);
}

TEST(Promises, AMemberPromisesNothingElse) {
  Server server(1);
  ASSERT_TRUE(*server->begin("mine", founders({1, 2, 3})));
  ASSERT_TRUE(*server->found("mine"));
  server.restart();
  EXPECT_FALSE(*server->belong_to("other"));
  EXPECT_FALSE(*server->begin("again", founders({1, 2, 3})));
  EXPECT_EQ(server->promise(request(0, "other", {0, 1, 2})).cluster_id, "mine");
}

TEST(Doorkeeper, LetsInOnlyTheOwnClusterAndOnlyCallsForThisServer) {
  Server server(1);
  ASSERT_TRUE(*server->begin("mine", founders({1, 2, 3})));
  EXPECT_FALSE(server->admit({"mine", 2, 1, "b:2"}).ok()) << "not founded yet";
  ASSERT_TRUE(*server->found("mine"));
  EXPECT_TRUE(server->admit({"mine", 2, 1, "b:2"}).ok());
  EXPECT_EQ(server->admit({"other", 2, 1, "b:2"}).error().code, ErrorCode::permission_denied);
  EXPECT_EQ(server->admit({"mine", 2, 3, "b:2"}).error().code, ErrorCode::permission_denied);
  EXPECT_FALSE(server->admit({"", 2, 1, "b:2"}).ok());
  EXPECT_FALSE(server->admit({"mine", 1, 1, "b:2"}).ok()) << "its own id";
}

TEST(Doorkeeper, TakesTheWordOfThePromisedClusterThatItWasFounded) {
  Server server(3);
  ASSERT_TRUE(server->promise(request(1, "first", {1, 2, 3})).granted);
  EXPECT_FALSE(server->admit({"other", 1, 3, "a:1"}).ok());
  EXPECT_TRUE(server->admit({"first", 2, 3, "b:2"}).ok());
  server.restart();
  EXPECT_EQ(server.identity().standing, Standing::member);
  EXPECT_TRUE(server.identity().joined);
}

TEST(Doorkeeper, LetsAServerThatWaitsToBeAddedIntoTheFirstClusterThatCalls) {
  Server bound(3);
  EXPECT_FALSE(bound->admit({"first", 1, 3, "a:1"}).ok());
  Server waiting(4, 0, true);
  EXPECT_TRUE(waiting->admit({"first", 1, 4, "a:1"}).ok());
  EXPECT_FALSE(waiting->admit({"second", 1, 4, "a:1"}).ok());
}

// Any number from `low` to below `high`, also in the first cases, which RapidCheck keeps near
// `low`: a loop that waits for another number would not end.
template <typename Number>
Number drawn(Number low, Number high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high));
}

// Servers that each see some others as candidates, with calls lost and servers restarted at random.
RC_GTEST_PROP(PromisesProperty, NoServerIsEverCountedForTwoClusters, ()) {
  constexpr PeerId count = 5;
  std::map<PeerId, std::unique_ptr<Server>> servers;
  for (PeerId id = 1; id <= count; ++id) servers[id] = std::make_unique<Server>(id);
  std::map<std::string, std::set<PeerId>> granted;  // as the founder has heard
  std::map<PeerId, std::string> counted;            // for which founded cluster
  int clusters = 0;
  const auto steps = drawn(10, 60);
  for (int step = 0; step < steps; ++step) {
    const auto id = drawn<PeerId>(1, count + 1);
    Server& server = *servers[id];
    const Identity identity = server.identity();
    switch (drawn(0, 5)) {
      case 0: {  // begins with whom it happens to see
        std::set<PeerId> seen{id};
        while (seen.size() < 3) seen.insert(drawn<PeerId>(1, count + 1));
        if (*seen.begin() != id) break;
        const std::string cluster = "cluster " + std::to_string(++clusters);
        RC_ASSERT(server->begin(cluster, founders({seen.begin(), seen.end()})).ok());
        break;
      }
      case 1: {  // asks one; the answer may be lost
        if (identity.standing != Standing::founding) break;
        const auto& peers = identity.peers.peers;
        const PeerId other = peers[drawn<std::size_t>(0, peers.size())].id;
        if (other == id) break;
        const PromiseReply reply =
            (*servers[other])->promise({id, identity.cluster_id, identity.peers});
        if (reply.granted && *rc::gen::arbitrary<bool>()) {
          granted[identity.cluster_id].insert(other);
        }
        if (reply.promised_to != 0 && reply.promised_to < id) {
          RC_ASSERT(server->give_up(identity.cluster_id).ok());
        }
        break;
      }
      case 2: {  // founds when it has them all
        if (identity.standing != Standing::founding) break;
        if (granted[identity.cluster_id].size() + 1 != identity.peers.peers.size()) break;
        const auto founded = server->found(identity.cluster_id);
        RC_ASSERT(founded.ok());
        if (!*founded) break;
        for (const Peer& peer : identity.peers.peers) {
          RC_ASSERT(counted.emplace(peer.id, identity.cluster_id).second);
        }
        break;
      }
      case 3: {  // releases, which may be repeated
        for (const ReleaseDue& due : identity.releases) {
          RC_ASSERT((*servers[due.peer.id])->release({id, due.cluster_id}).ok());
          if (*rc::gen::arbitrary<bool>()) RC_ASSERT(server->released(due).ok());
        }
        break;
      }
      default: server.restart(); break;
    }
  }
}

}  // namespace
}  // namespace yurt::raft::testing
