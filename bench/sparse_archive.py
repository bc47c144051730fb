"""sparse_archive.py ARCHIVE MEMBER: a tar of 15,625 members of 13 MB, holes all of them but the last three, which are MEMBER."""
import os
import sys
import tarfile

archive, member = sys.argv[1:]
size = 13_000_000
with open(member, "rb") as file:
    data = file.read()
with open(archive, "wb") as out:
    for index in range(15_625):
        real = index > 15_621
        info = tarfile.TarInfo("NAS-Bench-201-v1_1-archive/%06d-FULL.pth" % index)
        info.size = len(data) if real else size
        out.write(info.tobuf(tarfile.GNU_FORMAT))
        out.write(data) if real else out.seek(size, os.SEEK_CUR)
        out.seek(-out.tell() % 512, os.SEEK_CUR)
    out.write(bytes(1024))
