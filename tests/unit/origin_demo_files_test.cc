// `brink origin --root DIR`: what is served, and above all what is not.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "origin/demo_origin.h"
#include "origin_demo_client.h"

namespace brink::origin::demo_test {
namespace {

namespace fs = std::filesystem;

class DemoFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "brink-demo-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    root_ = folder_ / "root";
    fs::create_directories(root_ / "sub" / "deeper");
    fs::create_directories(root_ / ".well-known");
    write(folder_ / "secret.txt", "secret");
    write(folder_ / "root-neighbour.txt", "secret");
    write(root_ / "index.html", "<h1>home</h1>");
    write(root_ / "sub" / "index.html", "<h1>sub</h1>");
    write(root_ / "sub" / "a b.txt", "with a space");
    write(root_ / "style.CSS", "a{}");
    write(root_ / "data", "plain");
    write(root_ / ".env", "secret");
    write(root_ / ".well-known" / "it", "known");
    fs::create_symlink(folder_ / "secret.txt", root_ / "out");
    fs::create_symlink(folder_, root_ / "outside");
    fs::create_symlink("data", root_ / "inside");
    ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
    auto origin = DemoOrigin::create({.address = "127.0.0.1:0", .root = root_.string()});
    ASSERT_TRUE(origin.has_value());
    origin_ = std::move(*origin);
  }
  void TearDown() override {
    origin_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  static void write(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  fs::path folder_;
  fs::path root_;
  std::unique_ptr<DemoOrigin> origin_;
};

TEST_F(DemoFilesTest, ServesFilesWithTypeAndValidators) {
  Client client(origin_->port());
  const Response page = client.get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<h1>home</h1>");
  EXPECT_EQ(page.field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.field("Cache-Control"), "public, max-age=60");
  EXPECT_FALSE(page.field("Last-Modified").empty());
  EXPECT_EQ(client.get("/", "If-None-Match: " + page.field("ETag") + "\r\n").status, 304);
  EXPECT_EQ(client.get("/", "If-Modified-Since: " + page.field("Last-Modified") + "\r\n").status,
            304);
  EXPECT_EQ(client.get("/sub/").body, "<h1>sub</h1>");
  EXPECT_EQ(client.get("/sub/a%20b.txt?x=1").body, "with a space");
  EXPECT_EQ(client.get("/style.CSS").field("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(client.get("/data").field("Content-Type"), "application/octet-stream");
  EXPECT_EQ(client.get("/inside").body, "plain");
  EXPECT_EQ(client.get("/.well-known/it").body, "known");
  EXPECT_EQ(client.get("/data", "Range: bytes=1-2\r\n").body, "la");
  const Response head = client.get("/data", "", "HEAD");
  EXPECT_EQ(head.field("Content-Length"), "5");
  EXPECT_EQ(client.get("/_requests").field("Content-Type"), "application/json");
}

TEST_F(DemoFilesTest, AFolderWithoutItsSlashIsARedirect) {
  Client client(origin_->port());
  const Response moved = client.get("/sub?x=1");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.field("Location"), "/sub/?x=1");
  EXPECT_EQ(client.get("/sub/deeper/").status, 404);  // no index.html, and no listing
}

TEST_F(DemoFilesTest, NothingOutsideTheFolderExists) {
  Client client(origin_->port());
  for (const char* target : {"/../secret.txt",
                             "/sub/../../secret.txt",
                             "/%2e%2e/secret.txt",
                             "/%2e%2e%2fsecret.txt",
                             "/..%2fsecret.txt",
                             "/sub/%2e%2e/%2e%2e/secret.txt",
                             "/./data",
                             "//secret.txt",
                             "/sub//index.html",
                             "/out",
                             "/outside/secret.txt",
                             "/outside/",
                             "/../root-neighbour.txt",
                             "/.env",
                             "/sub/.well-known/it",
                             "/%00",
                             "/data%00.html",
                             "/%zz",
                             "/pipe",
                             "/data/",
                             "/data/index.html",
                             "/missing",
                             "/\\..\\secret.txt"}) {
    const Response response = client.get(target);
    EXPECT_EQ(response.status, 404) << target;
    EXPECT_EQ(response.body.find("secret\n"), std::string::npos) << target;
  }
  EXPECT_EQ(client.get("/outside/root/data").body, "plain");  // out and in again is inside
  EXPECT_EQ(client.post("/data", "x").status, 405);
  EXPECT_EQ(client.get("/data", "", "OPTIONS").status, 204);
}

TEST_F(DemoFilesTest, AFileThatShrinksMeanwhileIsCutAndNotPadded) {
  constexpr std::size_t kSize = 64U << 20U;  // more than socket buffers hold
  write(root_ / "big", "");
  fs::resize_file(root_ / "big", kSize);
  Client client(origin_->port());
  client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.more());  // it has begun
  fs::resize_file(root_ / "big", 10);
  const Response response = client.read();
  EXPECT_EQ(response.field("Content-Length"), std::to_string(kSize));
  EXPECT_FALSE(response.complete);
}

TEST_F(DemoFilesTest, ARootThatIsNoFolderIsAnError) {
  for (const fs::path& root : {root_ / "data", root_ / "missing"}) {
    const auto origin = DemoOrigin::create({.address = "127.0.0.1:0", .root = root.string()});
    ASSERT_TRUE(origin.has_error());
    EXPECT_EQ(origin.error().code, ErrorCode::Invalid);
  }
}

}  // namespace
}  // namespace brink::origin::demo_test
