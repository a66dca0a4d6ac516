module libincload.dev/go/incload

go 1.19
