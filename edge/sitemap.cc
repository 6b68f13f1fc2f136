#include "edge/sitemap.h"

#include <expat.h>
#include <zlib.h>

#include <algorithm>
#include <array>

#include "config/runtime/error.h"
#include "config/runtime/fields.h"

namespace brink::edge {

namespace {

constexpr std::size_t kPieceBytes =
    16 * 1024;  // given to expat at once; bounds what it reads twice
constexpr int kGzip = 16 + MAX_WBITS;
constexpr unsigned char kGzipMagic = 0x1f;

struct ParserEnd {
  void operator()(XML_Parser parser) const noexcept { XML_ParserFree(parser); }
};
using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, ParserEnd>;

std::string_view local_name(const char* name) {
  const std::string_view text(name);
  return text.substr(text.rfind(':') + 1);  // npos + 1 = 0
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

// Unpacks gzip, member after member.
class Gunzip {
 public:
  Gunzip() : is_good_(inflateInit2(&stream_, kGzip) == Z_OK) {}
  ~Gunzip() { inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // Calls `each` with what comes out. False: it is damaged, or `each` says so.
  template <class Each>
  bool take(std::string_view bytes, Each each) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    while (is_good_ && stream_.avail_in > 0) {
      if (is_between_ && inflateReset(&stream_) != Z_OK) return false;
      is_between_ = false;
      do {
        stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
        stream_.avail_out = static_cast<uInt>(out_.size());
        const int result = inflate(&stream_, Z_NO_FLUSH);
        const std::size_t size = out_.size() - stream_.avail_out;
        is_good_ = result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
        is_between_ = result == Z_STREAM_END;
        if (!each(std::string_view(out_.data(), size)) || !is_good_) return false;
      } while (stream_.avail_out == 0 && !is_between_);
    }
    return is_good_;
  }
  bool is_whole() const { return is_good_ && is_between_; }

 private:
  z_stream stream_{};
  std::array<char, kPieceBytes> out_{};
  bool is_good_;
  bool is_between_ = false;  // a member has ended
};

}  // namespace

class SitemapReader::Impl {
 public:
  explicit Impl(const SitemapLimits& limits) : limits_(limits), parser_(XML_ParserCreate(nullptr)) {
    CHECK(parser_ != nullptr);
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), on_start, on_end);
    XML_SetCharacterDataHandler(parser_.get(), on_text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
  }

  bool take(std::string_view bytes) {
    if (is_first_ && !bytes.empty()) {
      is_first_ = false;
      if (static_cast<unsigned char>(bytes.front()) == kGzipMagic)
        gunzip_ = std::make_unique<Gunzip>();
    }
    if (is_over()) return false;
    if (!gunzip_) return parse(bytes);
    const bool good = gunzip_->take(bytes, [this](std::string_view piece) { return parse(piece); });
    if (!good && !is_over()) fail("it is damaged: not gzip all through");
    return !is_over();
  }

  Sitemap end() {
    if (!is_over() && gunzip_ && !gunzip_->is_whole()) fail("it is damaged: gzip without an end");
    if (!is_over() && out_.bytes == 0) fail("it is empty");
    if (!is_over()) parse_piece({}, true);
    return std::move(out_);
  }

 private:
  bool is_over() const { return !out_.error.empty() || out_.truncated; }

  bool parse(std::string_view bytes) {
    while (!bytes.empty() && !is_over()) {
      const std::string_view piece = bytes.substr(0, kPieceBytes);
      bytes.remove_prefix(piece.size());
      out_.bytes += piece.size();
      if (out_.bytes > limits_.bytes) {
        fail("it has more bytes than cache.warm.sitemap_bytes allows");
      } else {
        parse_piece(piece, false);
      }
    }
    return !is_over();
  }

  void parse_piece(std::string_view piece, bool is_last) {
    XML_Parser parser = parser_.get();
    if (XML_Parse(parser, piece.data(), static_cast<int>(piece.size()), is_last ? 1 : 0) ==
        XML_STATUS_ERROR) {
      if (!is_over()) {
        fail(std::string(XML_ErrorString(XML_GetErrorCode(parser))) + ", in line " +
             std::to_string(XML_GetCurrentLineNumber(parser)));
      }
      return;
    }
    const XML_Index at = XML_GetCurrentByteIndex(parser);
    const auto parsed = static_cast<std::uint64_t>(at < 0 ? 0 : at);
    if (!is_last && out_.bytes > parsed + kSitemapTokenBytes)
      fail("it has a tag or text of more than 256 KiB");
  }

  void fail(std::string why) {
    if (out_.error.empty()) out_.error = std::move(why);
    XML_ParsingStatus status;
    XML_GetParsingStatus(parser_.get(), &status);
    if (status.parsing == XML_PARSING) XML_StopParser(parser_.get(), XML_FALSE);
  }
  void stop_truncated() {
    out_.truncated = true;
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  static void on_start(void* self, const char* name, const char**) {
    static_cast<Impl*>(self)->start(local_name(name));
  }
  static void on_end(void* self, const char*) { static_cast<Impl*>(self)->finish_element(); }
  static void on_text(void* self, const char* text, int size) {
    static_cast<Impl*>(self)->add_text({text, static_cast<std::size_t>(size)});
  }
  static void on_doctype(void* self, const char*, const char*, const char*, int) {
    static_cast<Impl*>(self)->fail("it has a document type, which sitemaps have not");
  }

  // <urlset> or <sitemapindex>, in it <url> or <sitemap>, in that <loc>; anything else is passed
  // over.
  void start(std::string_view name) {
    ++depth_;
    if (depth_ > kSitemapDepth) return fail("its elements are nested too deeply");
    if (depth_ == 1) {
      out_.is_index = name == "sitemapindex";
      if (!out_.is_index && name != "urlset")
        fail("it is no sitemap: neither <urlset> nor <sitemapindex>");
    } else if (depth_ == 2) {
      in_item_ = name == (out_.is_index ? "sitemap" : "url");
    } else if (depth_ == 3 && in_item_ && name == "loc") {
      in_location_ = true;
      text_.clear();
    }
  }

  void add_text(std::string_view text) {
    if (!in_location_ || depth_ != 3) return;
    // One byte more than it may have says that it is too long.
    text_.append(text.substr(
        0, kSitemapLocationBytes + 1 - std::min(text_.size(), kSitemapLocationBytes + 1)));
  }

  void finish_element() {
    if (depth_-- != 3 || !in_location_) return;
    in_location_ = false;
    const std::string_view location = trimmed(text_);
    if (location.empty() || text_.size() > kSitemapLocationBytes) {
      ++out_.skipped;
    } else if (out_.locations.size() >= limits_.locations ||
               text_bytes_ + location.size() > limits_.text_bytes) {
      stop_truncated();
    } else {
      text_bytes_ += location.size();
      out_.locations.emplace_back(location);
    }
  }

  const SitemapLimits limits_;
  Parser parser_;
  std::unique_ptr<Gunzip> gunzip_;
  Sitemap out_;
  std::string text_;
  std::size_t text_bytes_ = 0;
  std::size_t depth_ = 0;
  bool is_first_ = true;
  bool in_item_ = false;
  bool in_location_ = false;
};

SitemapReader::SitemapReader(const SitemapLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
SitemapReader::~SitemapReader() = default;
bool SitemapReader::take(std::string_view bytes) {
  return impl_->take(bytes);
}
Sitemap SitemapReader::end() {
  return impl_->end();
}

}  // namespace brink::edge
