// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IModels } from "./interfaces/IModels.sol";
import { IPrices } from "./interfaces/IPrices.sol";
import { IWeights } from "./interfaces/IWeights.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract Prices is IPrices {
    using SafeCast for uint256;

    /// @dev How far the closing of an epoch has come.
    struct Closing {
        uint256 position;
        uint256 counted;
        uint256 lastPrice;
        uint256 lastNumber;
        uint256 standing;
        uint256 median;
        bool isSilentCounted;
    }

    IWeights public immutable weights;
    IModels public immutable models;

    /// @inheritdoc IPrices
    uint256 public price;
    /// @notice The last epoch whose ballots set a price, plus one; zero before the first.
    uint256 public closedBefore;

    /// @inheritdoc IPrices
    mapping(address provider => uint256 price) public voteOf;

    mapping(uint256 epoch => Ballot[] ballots) private _ballots;
    mapping(uint256 epoch => mapping(address provider => bool counted)) private _counted;
    mapping(uint256 epoch => uint256 weight) private _votedWeight;
    mapping(uint256 epoch => Closing closing) private _closings;

    /// @param genesisPrice Coins (wei) per unit of compute until a vote sets another.
    constructor(IWeights weights_, IModels models_, uint256 genesisPrice) {
        if (genesisPrice == 0) revert PriceZero();
        weights = weights_;
        models = models_;
        price = genesisPrice;
        emit PriceSet(0, genesisPrice, 0, 0);
    }

    /// @inheritdoc IPrices
    function vote(uint256 price_) external {
        if (price_ == 0) revert PriceZero();
        voteOf[msg.sender] = price_.toUint128();
        emit PriceVoted(msg.sender, price_);
    }

    /// @inheritdoc IPrices
    function count(address provider, uint256 weight, bytes32[] calldata proof) external {
        uint256 standing = voteOf[provider];
        if (standing == 0) revert NoStandingVote(provider);
        uint256 epoch = weights.currentEpoch();
        // INVARIANT: a provider's weight counts once per epoch.
        if (_counted[epoch][provider]) revert AlreadyCounted(epoch, provider);
        if (
            weight == 0 || weights.totalWeight(epoch) == 0
                || !weights.isWeight(epoch, provider, weight, proof)
        ) revert WeightUnproven(epoch, provider, weight);
        _counted[epoch][provider] = true;
        _votedWeight[epoch] += weight;
        _ballots[epoch].push(Ballot({ price: standing.toUint128(), weight: weight.toUint128() }));
        emit BallotCounted(epoch, provider, standing, weight);
    }

    /// @inheritdoc IPrices
    function close(uint256 epoch, uint256[] calldata order) external returns (bool closed) {
        uint256 current = weights.currentEpoch();
        if (epoch >= current || epoch < closedBefore) revert EpochNotClosable(epoch, closedBefore, current);
        uint256 ballots = _ballots[epoch].length;
        Closing memory closing = _closings[epoch];
        if (closing.position == 0) closing.standing = price;
        if (order.length > ballots - closing.position) {
            revert OrderTooLong(order.length, ballots - closing.position);
        }
        uint256 voted = _votedWeight[epoch];
        uint256 total = weights.totalWeight(epoch);
        // A root cannot hold less than was proved in it; a replaced weights contract might say so.
        if (total < voted) total = voted;
        for (uint256 i = 0; i < order.length; ++i) {
            Ballot memory ballot = _ballots[epoch][order[i]];
            // INVARIANT: every ballot is counted exactly once, cheapest first.
            // SAFETY: strictly ascending pairs never repeat, and as many as there are ballots are all of them.
            if (
                closing.position != 0
                    && (ballot.price < closing.lastPrice
                        || (ballot.price == closing.lastPrice && order[i] <= closing.lastNumber))
            ) revert OrderWrong(closing.position);
            if (ballot.price > closing.standing) _addSilent(closing, total, voted);
            _add(closing, ballot.price, ballot.weight, total);
            closing.lastPrice = ballot.price;
            closing.lastNumber = order[i];
            ++closing.position;
        }
        if (closing.position < ballots) {
            _closings[epoch] = closing;
            return false;
        }
        _addSilent(closing, total, voted);
        delete _closings[epoch];
        closedBefore = epoch + 1;
        price = closing.median;
        emit PriceSet(epoch, closing.median, voted, total);
        return true;
    }

    /// @inheritdoc IPrices
    function priceOf(bytes32 model, uint256 tokens) external view returns (uint256) {
        return price * models.modelOf(model).unitsPerToken * tokens;
    }

    /// @inheritdoc IPrices
    function ballotCount(uint256 epoch) external view returns (uint256) {
        return _ballots[epoch].length;
    }

    /// @inheritdoc IPrices
    function ballotAt(uint256 epoch, uint256 number) external view returns (Ballot memory) {
        return _ballots[epoch][number];
    }

    /// @dev Weight that did not vote stands at the price that held.
    function _addSilent(Closing memory closing, uint256 total, uint256 voted) private pure {
        if (closing.isSilentCounted) return;
        closing.isSilentCounted = true;
        _add(closing, closing.standing, total - voted, total);
    }

    function _add(Closing memory closing, uint256 atPrice, uint256 weight, uint256 total) private pure {
        closing.counted += weight;
        // INVARIANT: the price is the lowest at which at least half of all weight is content.
        if (closing.median == 0 && 2 * closing.counted >= total) closing.median = atPrice;
    }
}
