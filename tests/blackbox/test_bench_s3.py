"""The benchmark of the S3 gateway runs, and tells of each server what it should. How fast anything is, no test says."""

import bench_s3


def test_the_benchmark_measures_each_server_in_each_way(tmp_path, capsys):
    report = bench_s3.run(mib=1, rounds=1, parent=tmp_path)
    servers = ["hyper alone", "keywright-s3", "s3s-fs", "SeaweedFS"]
    assert [(row["transfer"], row["server"]) for row in report["transfers"]] == [
        (transfer, server) for transfer in ("PUT, signed SHA-256", "PUT, unsigned trailer", "GET") for server in servers
    ]
    assert list(report["memory"]) == list(report["ranges"]) == servers[1:]
    bench_s3.show(report)
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 1 + 12 + 3 + 3
    assert [line.partition("goal ")[2] for line in shown if "goal" in line] == ["0.40", "0.65", "0.70"]
