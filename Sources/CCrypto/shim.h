// The digest as a plain value needs no memory of its own and cannot fail; OpenSSL 3 advises EVP in its place.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
