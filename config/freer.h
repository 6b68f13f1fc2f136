#pragma once
// An object of a C library with the C function that ends it, for std::unique_ptr.

namespace brink::config {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const noexcept {
    Free(pointer);
  }
};

}  // namespace brink::config
