"""System calls by name: what runners are refused, by reason, and their numbers on each machine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """One instruction set: its audit number, the newest call of the table, and the numbers of calls."""

    architecture: int
    newest: int
    numbers: dict[str, int]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _numbers(text: str) -> dict[str, int]:
    words = text.split()
    return {name: int(number) for name, number in zip(words[::2], words[1::2], strict=True)}


REFUSED: dict[str, tuple[str, ...]] = {
    "processes": _words("fork vfork execve execveat"),
    "other processes": _words("""
        ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_open pidfd_getfd
        pidfd_send_signal kcmp tkill setsid setpgid migrate_pages move_pages
    """),
    "network": _words("""
        socket socketpair connect bind listen accept accept4 sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg
        shutdown
    """),
    "mounts and namespaces": _words("""
        mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr
        unshare setns
    """),
    "kernel surface": _words("""
        bpf perf_event_open userfaultfd keyctl add_key request_key init_module finit_module delete_module
        kexec_load kexec_file_load reboot swapon swapoff syslog acct quotactl quotactl_fd nfsservctl
        lookup_dcookie vhangup personality uselib modify_ldt iopl ioperm ustat sysfs fanotify_init
        fanotify_mark name_to_handle_at open_by_handle_at io_setup io_destroy io_submit io_getevents io_cancel
        io_pgetevents
    """),
    "clock and host": _words("settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname"),
    "identity": _words("""
        setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
    """),
    "memory that outlives or hides": _words("""
        shmget shmat shmctl shmdt msgget msgsnd msgrcv msgctl semget semop semctl semtimedop mq_open mq_unlink
        memfd_create memfd_secret
    """),
    "owners, modes and odd files": _words("""
        chmod fchmod fchmodat chown fchown lchown fchownat setxattr lsetxattr fsetxattr removexattr
        lremovexattr fremovexattr mknod mknodat
    """),
}
"""Calls that fail with EPERM, by what they would reach."""
ABSENT = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register")
"""Calls that fail with ENOSYS, as on a kernel without them: C libraries then take the older way, which is filtered."""
DEVICE_NEEDS = frozenset({"memfd_create"})
"""Calls that drivers of devices make."""

MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        450,
        _numbers("""
        ioctl 16 shmget 29 shmat 30 shmctl 31 socket 41 connect 42 accept 43 sendto 44 recvfrom 45 sendmsg 46
        recvmsg 47 shutdown 48 bind 49 listen 50 socketpair 53 clone 56 fork 57 vfork 58 execve 59 kill 62
        semget 64 semop 65 semctl 66 shmdt 67 msgget 68 msgsnd 69 msgrcv 70 msgctl 71 chmod 90 fchmod 91 chown
        92 fchown 93 lchown 94 ptrace 101 syslog 103 setuid 105 setgid 106 setpgid 109 setsid 112 setreuid 113
        setregid 114 setgroups 116 setresuid 117 setresgid 119 setfsuid 122 setfsgid 123 capset 126
        rt_sigqueueinfo 129 mknod 133 uselib 134 personality 135 ustat 136 sysfs 139 vhangup 153 modify_ldt
        154 pivot_root 155 prctl 157 adjtimex 159 chroot 161 acct 163 settimeofday 164 mount 165 umount2 166
        swapon 167 swapoff 168 reboot 169 sethostname 170 setdomainname 171 iopl 172 ioperm 173 init_module
        175 delete_module 176 quotactl 179 nfsservctl 180 setxattr 188 lsetxattr 189 fsetxattr 190 removexattr
        197 lremovexattr 198 fremovexattr 199 tkill 200 io_setup 206 io_destroy 207 io_getevents 208 io_submit
        209 io_cancel 210 lookup_dcookie 212 semtimedop 220 clock_settime 227 tgkill 234 mq_open 240 mq_unlink
        241 kexec_load 246 add_key 248 request_key 249 keyctl 250 migrate_pages 256 mknodat 259 fchownat 260
        fchmodat 268 unshare 272 move_pages 279 accept4 288 rt_tgsigqueueinfo 297 perf_event_open 298 recvmmsg
        299 fanotify_init 300 fanotify_mark 301 prlimit64 302 name_to_handle_at 303 open_by_handle_at 304
        clock_adjtime 305 sendmmsg 307 setns 308 process_vm_readv 310 process_vm_writev 311 kcmp 312
        finit_module 313 memfd_create 319 kexec_file_load 320 bpf 321 execveat 322 userfaultfd 323
        io_pgetevents 333 pidfd_send_signal 424 io_uring_setup 425 io_uring_enter 426 io_uring_register 427
        open_tree 428 move_mount 429 fsopen 430 fsconfig 431 fsmount 432 fspick 433 pidfd_open 434 clone3 435
        pidfd_getfd 438 process_madvise 440 mount_setattr 442 quotactl_fd 443 memfd_secret 447
        process_mrelease 448
        """),
    ),
    "aarch64": Machine(
        0xC00000B7,
        450,
        _numbers("""
        io_setup 0 io_destroy 1 io_submit 2 io_cancel 3 io_getevents 4 setxattr 5 lsetxattr 6 fsetxattr 7
        removexattr 14 lremovexattr 15 fremovexattr 16 lookup_dcookie 18 ioctl 29 mknodat 33 umount2 39 mount
        40 pivot_root 41 nfsservctl 42 chroot 51 fchmod 52 fchmodat 53 fchownat 54 fchown 55 vhangup 58
        quotactl 60 acct 89 capset 91 personality 92 unshare 97 kexec_load 104 init_module 105 delete_module
        106 clock_settime 112 syslog 116 ptrace 117 kill 129 tkill 130 tgkill 131 rt_sigqueueinfo 138 reboot
        142 setregid 143 setgid 144 setreuid 145 setuid 146 setresuid 147 setresgid 149 setfsuid 151 setfsgid
        152 setpgid 154 setsid 157 setgroups 159 sethostname 161 setdomainname 162 prctl 167 settimeofday 170
        adjtimex 171 mq_open 180 mq_unlink 181 msgget 186 msgctl 187 msgrcv 188 msgsnd 189 semget 190 semctl
        191 semtimedop 192 semop 193 shmget 194 shmctl 195 shmat 196 shmdt 197 socket 198 socketpair 199 bind
        200 listen 201 accept 202 connect 203 sendto 206 recvfrom 207 shutdown 210 sendmsg 211 recvmsg 212
        add_key 217 request_key 218 keyctl 219 clone 220 execve 221 swapon 224 swapoff 225 migrate_pages 238
        move_pages 239 rt_tgsigqueueinfo 240 perf_event_open 241 accept4 242 recvmmsg 243 prlimit64 261
        fanotify_init 262 fanotify_mark 263 name_to_handle_at 264 open_by_handle_at 265 clock_adjtime 266
        setns 268 sendmmsg 269 process_vm_readv 270 process_vm_writev 271 kcmp 272 finit_module 273
        memfd_create 279 bpf 280 execveat 281 userfaultfd 282 io_pgetevents 292 kexec_file_load 294
        pidfd_send_signal 424 io_uring_setup 425 io_uring_enter 426 io_uring_register 427 open_tree 428
        move_mount 429 fsopen 430 fsconfig 431 fsmount 432 fspick 433 pidfd_open 434 clone3 435 pidfd_getfd
        438 process_madvise 440 mount_setattr 442 quotactl_fd 443 memfd_secret 447 process_mrelease 448
        """),
    ),
}
"""The supported machines; numbers of Linux, include/uapi/asm/unistd."""
