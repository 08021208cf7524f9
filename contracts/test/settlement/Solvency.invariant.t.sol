// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IBatches } from "../../src/interfaces/IBatches.sol";
import { IChannels } from "../../src/interfaces/IChannels.sol";
import { IInferenceHub } from "../../src/interfaces/IInferenceHub.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { VERDICT } from "../../src/types/Role.sol";
import { BlsSigner } from "../support/BlsSigner.sol";
import { Settlement } from "../support/Settlement.sol";
import { Test } from "../support/Test.sol";
import { Trees } from "../support/Trees.sol";

/// @notice Actors who do anything in any order. The model beside each contract counts what must be owed.
contract Actors is Settlement {
    uint256 private constant ACTORS = 4;
    uint256 private constant PAYEES = 5;

    // Channels.
    uint256 public channelDeposits;
    uint256 public channelClaims;
    uint256 public channelRefunds;
    mapping(bytes32 id => uint256) public largestClaim;

    // Batches.
    uint256 public funded;
    uint256 public rewardsIn;
    uint256 public bondsIn;
    uint256 public bondsOut;
    uint256 public claimed;
    uint256 public treasuryPaid;
    uint256[] public totals;
    IBatches.Batch[] private _settled;
    uint64[] private _releases;
    bytes32[][] private _leaves;
    uint256[][] private _totalsOf;
    bool[] public stopped;
    uint256 public handedOut;

    // Hub.
    uint256 public hubRequests;

    // What happened, so that a run in which nothing did cannot pass.
    mapping(bytes32 what => uint256 times) public count;

    function start() external {
        deploySettlement(2);
        authority.grant(VERDICT, address(this));
        for (uint256 i = 0; i < ACTORS; i++) {
            give(actor(i), 1_000_000 * COIN);
            vm.startPrank(actor(i));
            coin.approve(address(channels), type(uint256).max);
            coin.approve(address(batches), type(uint256).max);
            coin.approve(address(hub), type(uint256).max);
            vm.stopPrank();
        }
        totals = new uint256[](PAYEES);
    }

    function actor(uint256 i) public returns (address) {
        return makeAddress(string.concat("actor ", vm.toString(i % ACTORS)));
    }

    function payeeOf(uint256 i) public pure returns (address) {
        return address(uint160(0xbeef00 + i % PAYEES));
    }

    function key(uint256 i) private pure returns (uint256) {
        return uint256(keccak256(bytes(string.concat("actor ", vm.toString(i % ACTORS)))));
    }

    function done(bytes32 what) private {
        count[what]++;
    }

    function channelOf(uint256 seed) public returns (IChannels.Channel memory) {
        uint256 payer = seed % ACTORS;
        return IChannels.Channel(
            actor(payer), actor(payer + 1 + (seed >> 8) % 3), actor(payer), bytes32((seed >> 16) % 2)
        );
    }

    // Channels.

    function deposit(uint256 seed, uint96 amount) external {
        IChannels.Channel memory channel = channelOf(seed);
        uint256 value = bound(amount, 1, 1000 * COIN);
        if (channels.stateOf(channels.channelId(channel)).closesAt != 0) return;
        vm.prank(channel.payer);
        channels.deposit(channel, value);
        channelDeposits += value;
        done("deposit");
    }

    function claimVoucher(uint256 seed, uint96 amount) external {
        IChannels.Channel memory channel = channelOf(seed);
        bytes32 id = channels.channelId(channel);
        IChannels.State memory state = channels.stateOf(id);
        uint256 total = bound(amount, 0, uint256(state.deposit) + 10 * COIN);
        bytes memory voucher = signature(key(seed % ACTORS), channels.voucherDigest(id, uint128(total)));
        bool shouldPay = total <= state.deposit && total > state.claimed;
        vm.prank(channel.payee);
        try channels.claim(channel, uint128(total), voucher) returns (uint256 paid) {
            vm.assertTrue(shouldPay, "paid what it should not");
            vm.assertEq(paid, total - state.claimed);
            channelClaims += paid;
            largestClaim[id] = total;
            done("voucher");
        } catch {
            vm.assertFalse(shouldPay, "refused what it should pay");
            done("voucher refused");
        }
    }

    function startClose(uint256 seed) external {
        IChannels.Channel memory channel = channelOf(seed);
        if (channels.stateOf(channels.channelId(channel)).closesAt != 0) return;
        vm.prank(channel.payer);
        channels.startClose(channel);
    }

    function finishClose(uint256 seed) external {
        IChannels.Channel memory channel = channelOf(seed);
        IChannels.State memory state = channels.stateOf(channels.channelId(channel));
        if (state.closesAt == 0) return;
        // INVARIANT under test: no sequence locks funds for ever. Whatever came before, waiting is enough.
        if (vm.getBlockTimestamp() < state.closesAt) vm.warp(state.closesAt);
        channels.finishClose(channel);
        channelRefunds += state.deposit - state.claimed;
        done("refund");
    }

    function closeTogether(uint256 seed) external {
        IChannels.Channel memory channel = channelOf(seed);
        IChannels.State memory state = channels.stateOf(channels.channelId(channel));
        vm.prank(channel.payee);
        channels.claimAndClose(channel, state.claimed, "");
        channelRefunds += state.deposit - state.claimed;
    }

    // Batches.

    function fundBatches(uint256 seed, uint96 amount) external {
        uint256 value = bound(amount, 1, 10_000 * COIN);
        vm.prank(actor(seed));
        batches.fund(value);
        funded += value;
        done("fund");
    }

    function settleBatch(uint256 seed, uint128 amount) external {
        IBatches.Head memory last = batches.head();
        uint256 next = last.postedAt + 512 > last.releasedAt ? last.postedAt + 512 : last.releasedAt;
        rollTo(next);
        (uint256 fees, uint256 rewards) = batches.unallotted();
        fees = bound(amount, 0, fees);
        IBatches.Batch memory batch = batchOf(0, PAYEES, fees, rewards);
        // Totals grow by what is handed out, shared by the seed; the treasury's part is not in the tree.
        uint256 left = fees - batch.treasury + rewards;
        uint256[] memory now_ = totals;
        bytes32[] memory leaves = new bytes32[](PAYEES);
        for (uint256 i = 0; i < PAYEES; i++) {
            uint256 part = i == PAYEES - 1 ? left : left * ((seed >> (8 * i)) % 256) / 256;
            left -= part;
            now_[i] += part;
            leaves[i] = totalsLeaf(payeeOf(i), now_[i]);
        }
        batch.totalsRoot = Trees.root(leaves);
        batch.receiptsRoot = batch.totalsRoot;
        _releases.push(settle(batch));
        _settled.push(batch);
        _leaves.push(leaves);
        _totalsOf.push(now_);
        stopped.push(false);
        totals = now_;
        handedOut += fees + rewards;
        done("settle");
    }

    function claimTotal(uint256 seed, bool isMany) external {
        if (_settled.length == 0) return;
        uint256 b = seed % _settled.length;
        uint256 i = (seed >> 128) % PAYEES;
        uint256 before = batches.claimedOf(payeeOf(i));
        uint256 total = _totalsOf[b][i];
        bytes32[] memory proof = Trees.proof(_leaves[b], i);
        bool shouldPay = !stopped[b] && vm.getBlockNumber() >= _releases[b] && total > before;
        uint256 held = coin.balanceOf(payeeOf(i));
        if (isMany) {
            IBatches.Claim[] memory claims = new IBatches.Claim[](2);
            claims[0] = IBatches.Claim(payeeOf(i), uint128(total), i, proof);
            claims[1] = claims[0];
            try batches.claimMany(_settled[b].number, batches.hashOf(_settled[b]), claims) { } catch { }
        } else {
            bytes32 hash = batches.hashOf(_settled[b]);
            vm.prank(payeeOf(i));
            try batches.claim(_settled[b].number, hash, uint128(total), i, proof) { } catch { }
        }
        uint256 paid = coin.balanceOf(payeeOf(i)) - held;
        vm.assertEq(paid, shouldPay ? total - before : 0, "a claim pays the difference, once");
        claimed += paid;
        if (paid > 0) done("claim");
    }

    function stopBatch(uint256 seed) external {
        if (_settled.length == 0 || seed % 4 != 0) return;
        uint256 b = _settled.length - 1;
        if (stopped[b] || vm.getBlockNumber() >= _releases[b]) return;
        batches.stop(_settled[b]);
        stopped[b] = true;
        handedOut -= _settled[b].fees + _settled[b].rewards;
        // Totals fall back to those of the last batch that stands.
        uint256[] memory empty = new uint256[](PAYEES);
        totals = empty;
        for (uint256 i = 0; i < b; i++) {
            if (!stopped[i]) totals = _totalsOf[i];
        }
        done("stop");
    }

    function finaliseBatch(uint256 seed) external {
        if (_settled.length == 0) return;
        uint256 b = seed % _settled.length;
        if (stopped[b] || vm.getBlockNumber() < _releases[b]) return;
        (, uint256 before) = batches.unallotted();
        try batches.finalise(_settled[b]) {
            (, uint256 rewards) = batches.unallotted();
            rewardsIn += rewards - before;
            treasuryPaid += _settled[b].treasury;
            done("finalise");
        } catch { }
    }

    function demandLeaf(uint256 seed) external {
        if (_settled.length == 0) return;
        uint256 b = _settled.length - 1;
        if (stopped[b]) return;
        uint256 i = seed % PAYEES;
        vm.prank(actor(seed));
        try batches.demandData(_settled[b], IBatches.Tree.Totals, i) {
            _releases[b] = batches.head().releasedAt;
            bondsIn += valueOf(Parameter.DataDemandBond);
            done("demand");
        } catch { }
    }

    function answerLeaf(uint256 seed) external {
        if (_settled.length == 0) return;
        uint256 b = _settled.length - 1;
        uint256 i = seed % PAYEES;
        bytes memory data = abi.encodePacked(payeeOf(i), uint128(_totalsOf[b][i]));
        bytes32[] memory proof = Trees.proof(_leaves[b], i);
        try batches.answerDemand(_settled[b], IBatches.Tree.Totals, i, data, proof) {
            bondsOut += valueOf(Parameter.DataDemandBond);
            done("answer");
        } catch { }
    }

    function closeLeaf(uint256 seed) external {
        if (_settled.length == 0) return;
        uint256 b = _settled.length - 1;
        uint256 i = seed % PAYEES;
        IBatches.Demand memory open =
            batches.demandOf(batches.demandId(_settled[b].number, IBatches.Tree.Totals, i));
        if (open.bond == 0) return;
        rollTo(open.deadline);
        bool stops = !stopped[b] && vm.getBlockNumber() < _releases[b];
        batches.closeDemand(_settled[b], IBatches.Tree.Totals, i);
        bondsOut += open.bond;
        if (stops) {
            stopped[b] = true;
            handedOut -= _settled[b].fees + _settled[b].rewards;
            uint256[] memory empty = new uint256[](PAYEES);
            totals = empty;
            for (uint256 j = 0; j < b; j++) {
                if (!stopped[j]) totals = _totalsOf[j];
            }
        }
        done("close demand");
    }

    // Hub.

    function ask(uint256 seed, uint96 fee) external {
        uint256 maxFee = bound(fee, 1, 100 * COIN);
        vm.prank(actor(seed));
        hub.requestInference(
            "model",
            "input",
            uint96(maxFee),
            IInferenceHub.Callback(address(0), 0),
            uint64(vm.getBlockNumber() + 50)
        );
        hubRequests++;
        done("ask");
    }

    function answerRequest(uint256 seed, uint96 fee) external {
        if (hubRequests == 0) return;
        uint256 id = seed % hubRequests + 1;
        IInferenceHub.Request memory request = hub.requestOf(id);
        vm.prank(actor(seed >> 8));
        try hub.answer(id, "result", uint96(bound(fee, 0, request.maxFee))) {
            done("answer request");
        } catch { }
    }

    function contestRequest(uint256 seed) external {
        if (hubRequests == 0) return;
        // The newest request, answered first if need be: windows are short beside those of the batches.
        vm.prank(actor(seed));
        try hub.answer(hubRequests, "result", 0) { } catch { }
        vm.prank(actor(seed >> 8));
        try hub.contest(hubRequests) {
            done("contest");
        } catch { }
    }

    function decideRequest(uint256 seed, bool isRight) external {
        if (hubRequests == 0) return;
        try hub.decide(seed % hubRequests + 1, isRight) {
            done("decide");
        } catch { }
    }

    /// @dev INVARIANT under test: no sequence locks funds for ever. Every request ends one of three ways.
    function endRequest(uint256 seed) external {
        if (hubRequests == 0) return;
        uint256 id = seed % hubRequests + 1;
        IInferenceHub.Request memory request = hub.requestOf(id);
        if (request.status == IInferenceHub.Status.Open) {
            rollTo(request.deadline);
            hub.refund(id);
        } else if (request.status == IInferenceHub.Status.Answered) {
            rollTo(request.since + 64);
            hub.deliver(id, "result");
            funded += request.fee;
        } else if (request.status == IInferenceHub.Status.Contested) {
            rollTo(request.since + valueOf(Parameter.EpochBlocks));
            hub.expireContest(id);
        }
        done("end request");
    }

    function pass(uint16 blocks) external {
        rollBy(bound(blocks, 1, 600));
    }

    // What must hold.

    function check() external view {
        vm.assertEq(
            coin.balanceOf(address(channels)),
            channelDeposits - channelClaims - channelRefunds,
            "channels hold what is neither claimed nor refunded"
        );
        (uint256 fees, uint256 rewards) = batches.unallotted();
        vm.assertEq(fees + rewards + handedOut, funded + rewardsIn, "what came in is handed out or not");
        vm.assertEq(
            coin.balanceOf(address(batches)),
            funded + rewardsIn + bondsIn - bondsOut - claimed - treasuryPaid,
            "batches hold what came in and did not go out"
        );
        // Whoever claims everything now is paid.
        uint256 owed = 0;
        for (uint256 i = 0; i < PAYEES; i++) {
            uint256 had = batches.claimedOf(payeeOf(i));
            vm.assertLe(had, totals[i], "nobody has more than its total");
            owed += totals[i] - had;
        }
        vm.assertGe(
            coin.balanceOf(address(batches)),
            owed + fees + rewards + bondsIn - bondsOut,
            "batches are solvent"
        );
        uint256 escrow = 0;
        for (uint256 id = 1; id <= hubRequests; id++) {
            IInferenceHub.Request memory request = hub.requestOf(id);
            if (request.status == IInferenceHub.Status.Open) escrow += request.maxFee;
            if (request.status == IInferenceHub.Status.Answered) escrow += 2 * uint256(request.maxFee);
            if (request.status == IInferenceHub.Status.Contested) escrow += 3 * uint256(request.maxFee);
        }
        vm.assertEq(coin.balanceOf(address(hub)), escrow, "the hub holds escrows and bonds");
        vm.assertLe(coin.totalSupply(), coin.cap());
    }
}

contract SolvencyInvariantTest is Test {
    Actors private actors;

    function setUp() public {
        actors = new Actors();
        actors.start();
        targetContract(address(actors));
        bytes4[] memory selectors = new bytes4[](19);
        selectors[0] = Actors.deposit.selector;
        selectors[1] = Actors.claimVoucher.selector;
        selectors[2] = Actors.startClose.selector;
        selectors[3] = Actors.finishClose.selector;
        selectors[4] = Actors.closeTogether.selector;
        selectors[5] = Actors.fundBatches.selector;
        selectors[6] = Actors.settleBatch.selector;
        selectors[7] = Actors.claimTotal.selector;
        selectors[8] = Actors.stopBatch.selector;
        selectors[9] = Actors.finaliseBatch.selector;
        selectors[10] = Actors.demandLeaf.selector;
        selectors[11] = Actors.answerLeaf.selector;
        selectors[12] = Actors.closeLeaf.selector;
        selectors[13] = Actors.ask.selector;
        selectors[14] = Actors.answerRequest.selector;
        selectors[15] = Actors.contestRequest.selector;
        selectors[16] = Actors.endRequest.selector;
        selectors[17] = Actors.pass.selector;
        selectors[18] = Actors.decideRequest.selector;
        targetSelector(address(actors), selectors);
    }

    /// @dev A walk in which nothing happened would prove nothing: this one does everything, several times.
    function test_theActorsReachEverything() public {
        for (uint256 step = 0; step < 1500; step++) {
            uint256 seed = uint256(keccak256(abi.encode("walk", step)));
            uint96 amount = uint96(seed >> 100);
            uint256 action = seed % 19;
            uint256 pick = seed >> 5;
            if (action == 0) actors.deposit(pick, amount);
            if (action == 1) actors.claimVoucher(pick, amount);
            if (action == 2) actors.startClose(pick);
            if (action == 3) actors.finishClose(pick);
            if (action == 4) actors.closeTogether(pick);
            if (action == 5) actors.fundBatches(pick, amount);
            if (action == 6) actors.settleBatch(pick, amount);
            if (action == 7) actors.claimTotal(pick, seed >> 255 == 1);
            if (action == 8) actors.stopBatch(pick);
            if (action == 9) actors.finaliseBatch(pick);
            if (action == 10) actors.demandLeaf(pick);
            if (action == 11) actors.answerLeaf(pick);
            if (action == 12) actors.closeLeaf(pick);
            if (action == 13) actors.ask(pick, amount);
            if (action == 14) actors.answerRequest(pick, amount);
            if (action == 15) actors.contestRequest(pick);
            if (action == 16) actors.decideRequest(pick, seed >> 255 == 1);
            if (action == 17) actors.endRequest(pick);
            if (action == 18) actors.pass(uint16(seed >> 200));
            actors.check();
        }
        string[16] memory kinds = [
            "deposit",
            "voucher",
            "voucher refused",
            "refund",
            "fund",
            "settle",
            "claim",
            "stop",
            "finalise",
            "demand",
            "answer",
            "close demand",
            "ask",
            "answer request",
            "contest",
            "end request"
        ];
        for (uint256 i = 0; i < kinds.length; i++) {
            vm.assertGt(actors.count(bytes32(bytes(kinds[i]))), 1, kinds[i]);
        }
    }

    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_everyContractIsSolvent() public view {
        actors.check();
    }
}
