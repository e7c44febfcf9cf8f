// Filters with a constant of one's own in every place that has one.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace callgate::test {

inline std::string hex(std::uint32_t k) {
  char text[16];
  std::snprintf(text, sizeof text, "#0x%x", k);
  return text;
}

// Filters with a constant in every place that has one.
inline std::vector<std::string> filters_with(std::uint32_t k) {
  const std::string c = hex(k);
  const std::string load = "ld [args[0].lo]\n";
  const std::string ends = "\nyes: ret #TRAP\nno: ret #ALLOW";
  std::vector<std::string> all = {"ret " + c, "ld " + c + "\nret a", "ldx " + c + "\ntxa\nret a",
                                  load + "tax\nld " + c + "\nsub x\nret a",
                                  load + "st M[1]\nld " + c + "\nst M[2]\nldx M[1]\nadd x\nldx M[2]\nxor x\nret a"};
  for (const char* op : {"add", "sub", "mul", "div", "or", "and", "xor"}) {
    all.push_back(load + op + " " + c + "\nret a");
    all.push_back(load + op + " " + c + "\n" + op + " " + c + "\nret a");
    all.push_back("ldx " + c + "\n" + load + op + " x\nret a");
    all.push_back("ld [args[1].lo]\ntax\n" + load + op + " " + c +
                  "\nadd x\nst M[0]\nld [args[2].hi]\nldx M[0]\nxor x\nret a");
  }
  for (const char* compare : {"jeq", "jgt", "jge", "jset"}) {
    const std::string ask = std::string(compare) + " " + c + ", yes, no";
    all.push_back(load + ask + ends);
    all.push_back("ld [nr]\n" + ask + ends);
    all.push_back(load + "mul #3\n" + ask + ends);
    all.push_back("ldx " + c + "\n" + load + compare + " x, yes, no" + ends);
    all.push_back(load + "and " + hex(k | 0x81) + "\n" + ask + ends);
    all.push_back("ld [args[1].lo]\ntax\n" + load + "add x\n" + ask + ends);
  }
  // Two points, an interval, a set of neighbours, a search tree.
  all.push_back(load + "jeq " + c + ", yes\njeq #7, yes, no" + ends);
  all.push_back(load + "jge " + c + ", low, no\nlow: jgt " + hex(k + 0x1000) + ", no, yes" + ends);
  all.push_back(load + "jge #0x1000, low, no\nlow: jgt " + hex(0x1000 + k) + ", no, yes" + ends);
  std::string set = load;
  for (std::uint32_t i = 0; i < 12; i += 2) set += "jeq " + hex(k + i) + ", yes\n";
  all.push_back(set + "ja no" + ends);
  std::string members = load;  // the set's bits are the constant
  for (std::uint32_t i = 0; i < 32; ++i) {
    if ((k >> i & 1) != 0) members += "jeq #" + std::to_string(i) + ", yes\n";
  }
  all.push_back(members + "ja no" + ends);
  std::string tree = load;
  for (std::uint32_t i = 0; i < 10; ++i) tree += "jge " + hex(k + i * 0x100000) + ", r" + std::to_string(i) + "\n";
  tree += "ret #ALLOW\n";
  for (std::uint32_t i = 0; i < 10; ++i) tree += "r" + std::to_string(i) + ": ret " + hex(0x50001 + i % 3) + "\n";
  all.push_back(tree);
  return all;
}

}  // namespace callgate::test
