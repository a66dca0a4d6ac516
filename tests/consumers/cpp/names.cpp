// SPDX-License-Identifier: Apache-2.0
// The headers from C++, with a handle in a smart pointer.
#include <incload/incload.h>

#include <iostream>
#include <memory>
#include <string>

struct Unref {
    void operator()(incload_error *error) const { incload_error_unref(error); }
};

int main()
{
    std::unique_ptr<incload_error, Unref> none(incload_error_ref(nullptr));
    std::string name = incload_status_name(INCLOAD_E_CONFLICT);
    std::cout << name << '\n';
    return !none && incload_error_code(none.get()) == INCLOAD_OK && name == "INCLOAD_E_CONFLICT" ? 0 : 1;
}
